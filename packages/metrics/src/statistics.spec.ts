import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { normalCdf, normalQuantile } from './distributions/normal.js';
import { studentTPValue, studentTWithin } from './distributions/student-t.js';
import {
  averagePrecision,
  averagePrecisionMetric,
  bootstrap,
  brierDecomposition,
  type BrierDecomposition,
  clusteredProportion,
  confusionMatrix,
  conformalSets,
  correctedT,
  type Costs,
  decisionCurve,
  delongAuc,
  delongTest,
  expectedClass,
  expectedCost,
  figureOfSums,
  figureOfWeights,
  fitTemperature,
  holm,
  type Interval,
  logisticRecalibration,
  mcnemar,
  meanAbsoluteError,
  ordinalConcordance,
  rankedProbabilityScore,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
  weightedF1,
  withTemperature,
} from './index.js';

const fixture = read('statistics.json') as Fixture;
const statsmodels = read('statsmodels.json') as Statsmodels;

// Both sides compute in float64, in another order of additions.
const digits = 12;

describe.each(fixture.cases)('as scikit-learn and scipy, $name:', (one) => {
  const { labels, predictions, probabilities } = one;
  const classes = one.costs.length;
  const confusion = confusionMatrix(labels, predictions, classes);
  const ofClass = (k: number) => ({
    positive: labels.map((label) => label === k),
    scores: probabilities.map((row) => row[k] ?? NaN),
  });

  it('weighted F1, absolute error, cost, ranked probability score and concordance', () => {
    expect(weightedF1(confusion)).toBeCloseTo(one.weightedF1, digits);
    expect(meanAbsoluteError(labels, predictions)).toBeCloseTo(
      one.meanAbsoluteError,
      digits,
    );
    expect(expectedCost(confusion, one.costs)).toBeCloseTo(
      one.expectedCost,
      digits,
    );
    expect(rankedProbabilityScore(labels, probabilities)).toBeCloseTo(
      one.rankedProbabilityScore,
      digits,
    );
    const concordance = ordinalConcordance(
      labels,
      expectedClass(probabilities),
    );
    if (one.somersD === null) expect(concordance).toBeUndefined();
    else expect(concordance).toBeCloseTo((one.somersD + 1) / 2, digits);
  });

  it('average precision, with ties', () => {
    for (const [k, expected] of one.averagePrecision.entries()) {
      const { positive, scores } = ofClass(k);
      const found = averagePrecision(positive, scores);
      if (expected === null) expect(found).toBeUndefined();
      else expect(found).toBeCloseTo(expected, digits);
    }
    const { value } = averagePrecisionMetric.measure({
      ...one,
      classes: one.costs.map((_row, k) => `class ${k}`),
      areOrdered: true,
      confusion,
    });
    const defined = one.averagePrecision.filter((area) => area !== null);
    expect(value).toBeCloseTo(
      defined.reduce((sum, area) => sum + area, 0) / defined.length,
      digits,
    );
  });

  it('sensitivity at fixed specificity, and the reverse', () => {
    for (const [k, expected] of one.operatingPoints.entries()) {
      const { positive, scores } = ofClass(k);
      for (const [index, part] of fixture.parts.entries()) {
        const sensitive = sensitivityAtSpecificity(positive, scores, part);
        const specific = specificityAtSensitivity(positive, scores, part);
        if (expected === null) {
          expect(sensitive).toBeUndefined();
          expect(specific).toBeUndefined();
          continue;
        }
        expect(sensitive?.sensitivity).toBe(expected.sensitivity[index]);
        expect(specific?.specificity).toBe(expected.specificity[index]);
      }
    }
  });

  it('the decomposition of the Brier score', () => {
    for (const [bins, expected] of Object.entries(one.decomposition)) {
      for (const [k, parts] of expected.entries()) {
        const { positive, scores } = ofClass(k);
        const found = brierDecomposition(positive, scores, {
          bins: Number(bins),
        });
        for (const [name, value] of Object.entries<number>({ ...parts })) {
          expect(found[name as keyof BrierDecomposition], name).toBeCloseTo(
            value,
            digits,
          );
        }
      }
    }
  });

  it('net benefit', () => {
    for (const [k, expected] of one.netBenefit.entries()) {
      const { positive, scores } = ofClass(k);
      const found = decisionCurve(positive, scores, one.thresholds);
      for (const [index, value] of expected.entries()) {
        expect(found[index]?.model).toBeCloseTo(value, digits);
      }
    }
  });
});

describe.each(fixture.delong)('DeLong, placement by placement', (one) => {
  it.each([
    ['of independent nodules', {}, one.independent],
    ['of patients (Obuchowski)', { groups: one.patients }, one.clustered],
  ])('%s', (_name, options, expected) => {
    for (const [index, scores] of [one.a, one.b].entries()) {
      const found = delongAuc({ positive: one.positive, scores, ...options });
      expect(found?.auc).toBeCloseTo(one.areas[index] ?? NaN, digits);
      expect(found?.variance).toBeCloseTo(
        expected.variances[index] ?? NaN,
        digits,
      );
    }
    const test = delongTest({ ...one, ...options });
    expect(test?.variance).toBeCloseTo(expected.variance, digits);
    expect(test?.z).toBeCloseTo(expected.z, 9);
    expect(test?.pValue).toBeCloseTo(expected.pValue, 10);
  });
});

describe.each(fixture.bca)('BCa, as scipy.stats.bootstrap: $name', (one) => {
  const groups = one.values[0]?.map((_value, i) => `case ${i}`) ?? [];
  const figure =
    one.values.length === 1
      ? figureOfSums(groups, {
          values: [...one.values, groups.map(() => 1)],
          statistic: ([sum = NaN, count = NaN]) => sum / count,
        })
      : figureOfWeights(groups, (weights) => {
          const [labels = [], predictions = []] = one.values;
          const cells = [0, 1].map((k) =>
            [0, 1].map((l) =>
              weights.reduce(
                (sum, weight, i) =>
                  labels[i] === k && predictions[i] === l ? sum + weight : sum,
                0,
              ),
            ),
          );
          return weightedF1(cells) ?? null;
        });
  it.each([
    ['bca', one.BCa],
    ['percentile', one.percentile],
  ] as const)('%s', async (method, expected) => {
    const numbers = one.uniform.values();
    const found = await bootstrap(figure, {
      ...one,
      method,
      random: () => numbers.next().value ?? NaN,
    });
    expect(found).toMatchObject({ method, undefinedResamples: 0 });
    expect(found.interval?.low).toBeCloseTo(expected.low, 9);
    expect(found.interval?.high).toBeCloseTo(expected.high, 9);
  });
});

describe('as scipy', () => {
  it('the normal distribution', () => {
    const { z, cdf, p, quantile } = fixture.normal;
    for (const [i, value] of z.entries()) {
      expect(relative(normalCdf(value), cdf[i])).toBeLessThan(1e-12);
    }
    for (const [i, value] of p.entries()) {
      expect(normalQuantile(value)).toBeCloseTo(quantile[i] ?? NaN, 9);
    }
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([
      -Infinity,
      Infinity,
    ]);
  });

  it.each(fixture.studentT)(
    'Student’s t: $degrees degrees of freedom, t = $t',
    ({ degrees, t, pValue, level, within }) => {
      expect(studentTPValue(t, degrees)).toBeCloseTo(pValue, digits);
      expect(relative(studentTWithin(level, degrees), within)).toBeLessThan(
        1e-9,
      );
    },
  );

  it.each(fixture.correctedT)(
    'the corrected t of $differences',
    ({ t, pValue, low, high, ...options }) => {
      const found = correctedT(options);
      expect(found.t).toBeCloseTo(t, 9);
      expect(found.pValue).toBeCloseTo(pValue, digits);
      expect(found.interval?.low).toBeCloseTo(low, 9);
      expect(found.interval?.high).toBeCloseTo(high, 9);
    },
  );

  it.each(fixture.temperature)(
    'a temperature of $temperature',
    ({ labels, logits, temperature }) => {
      expect(fitTemperature(labels, logits)).toBeCloseTo(temperature, 9);
      const scaled = withTemperature(logits, temperature);
      expect(scaled.map((row) => row.indexOf(Math.max(...row)))).toEqual(
        logits.map((row) => row.indexOf(Math.max(...row))),
      );
    },
  );

  it.each(fixture.conformal)(
    'conformal sets of coverage $coverage, by class: $byClass',
    (one) => {
      const found = conformalSets({
        calibration: {
          ...one,
          patients: one.labels.map((_label, i) => `c${i}`),
        },
        test: {
          labels: one.testLabels,
          probabilities: one.testProbabilities,
          patients: one.testLabels.map((_label, i) => `t${i}`),
        },
        coverage: one.coverage,
        byClass: one.byClass,
      });
      expect(found.quantiles.map((q) => (q === Infinity ? null : q))).toEqual(
        one.quantiles,
      );
      expect(found.sets).toEqual(one.sets);
    },
  );
});

describe('as statsmodels', () => {
  it.each(statsmodels.mcnemar)(
    'McNemar: $onlyA against $onlyB',
    ({ onlyA, onlyB, exactPValue }) => {
      const found = mcnemar(
        new Array<number>(onlyA + onlyB + 3).fill(1),
        Array.from({ length: onlyA + onlyB + 3 }, (_a, i) =>
          i < onlyA ? 1 : i < onlyA + onlyB ? 0 : 1,
        ),
        Array.from({ length: onlyA + onlyB + 3 }, (_b, i) =>
          i < onlyA ? 0 : 1,
        ),
      );
      expect(found).toMatchObject({ onlyA, onlyB });
      expect(found.exactPValue).toBeCloseTo(exactPValue, digits);
    },
  );

  it.each(statsmodels.holm)('Holm: $pValues', ({ pValues, adjusted }) => {
    const found = holm(pValues);
    for (const [i, p] of adjusted.entries()) {
      expect(found[i]).toBeCloseTo(p, digits);
    }
    // What could not be compared changes nothing.
    expect(holm([null, ...pValues])).toEqual([null, ...found]);
  });

  it.each(statsmodels.recalibration)(
    'logistic recalibration: slope $slope',
    ({ positive, probabilities, inTheLarge, intercept, slope }) => {
      const found = logisticRecalibration(positive, probabilities);
      expect(found?.inTheLarge).toBeCloseTo(inTheLarge, 9);
      expect(found?.intercept).toBeCloseTo(intercept, 9);
      expect(found?.slope).toBeCloseTo(slope, 9);
    },
  );

  it.each(statsmodels.proportion)(
    'the variance of a proportion by cluster: $designEffect',
    ({ successes, patients, designEffect }) => {
      const found = clusteredProportion(successes, patients);
      expect(found.designEffect).toBeCloseTo(Math.max(1, designEffect), 9);
    },
  );
});

function relative(found: number, expected = NaN): number {
  return Math.abs(found - expected) / Math.abs(expected);
}

function read(name: string): unknown {
  const file = new URL(`../fixtures/${name}`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}

type Rows = readonly (readonly number[])[];

interface Tested {
  readonly variances: readonly number[];
  readonly variance: number;
  readonly z: number;
  readonly pValue: number;
}

interface Fixture {
  readonly parts: readonly number[];
  readonly cases: readonly {
    readonly name: string;
    readonly labels: readonly number[];
    readonly predictions: readonly number[];
    readonly probabilities: Rows;
    readonly weightedF1: number;
    readonly meanAbsoluteError: number;
    readonly rankedProbabilityScore: number;
    readonly somersD: number | null;
    readonly costs: Costs;
    readonly expectedCost: number;
    readonly averagePrecision: readonly (number | null)[];
    readonly operatingPoints: readonly (Readonly<
      Record<'sensitivity' | 'specificity', readonly number[]>
    > | null)[];
    readonly decomposition: Readonly<
      Record<string, readonly BrierDecomposition[]>
    >;
    readonly thresholds: readonly number[];
    readonly netBenefit: Rows;
  }[];
  readonly delong: readonly {
    readonly positive: readonly boolean[];
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly patients: readonly string[];
    readonly areas: readonly number[];
    readonly independent: Tested;
    readonly clustered: Tested;
  }[];
  readonly bca: readonly {
    readonly name: string;
    readonly values: Rows;
    readonly uniform: readonly number[];
    readonly resamples: number;
    readonly level: number;
    readonly BCa: Interval;
    readonly percentile: Interval;
  }[];
  readonly temperature: readonly {
    readonly labels: readonly number[];
    readonly logits: Rows;
    readonly temperature: number;
  }[];
  readonly conformal: readonly {
    readonly labels: readonly number[];
    readonly probabilities: Rows;
    readonly testLabels: readonly number[];
    readonly testProbabilities: Rows;
    readonly coverage: number;
    readonly byClass: boolean;
    readonly quantiles: readonly (number | null)[];
    readonly sets: Rows;
  }[];
  readonly correctedT: readonly {
    readonly differences: readonly number[];
    readonly trained: number;
    readonly tested: number;
    readonly level: number;
    readonly t: number;
    readonly pValue: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly normal: Readonly<
    Record<'z' | 'cdf' | 'p' | 'quantile', readonly number[]>
  >;
  readonly studentT: readonly Readonly<
    Record<'degrees' | 't' | 'pValue' | 'level' | 'within', number>
  >[];
}

interface Statsmodels {
  readonly mcnemar: readonly {
    readonly onlyA: number;
    readonly onlyB: number;
    readonly exactPValue: number;
  }[];
  readonly holm: readonly {
    readonly pValues: readonly number[];
    readonly adjusted: readonly number[];
  }[];
  readonly recalibration: readonly {
    readonly positive: readonly boolean[];
    readonly probabilities: readonly number[];
    readonly inTheLarge: number;
    readonly intercept: number;
    readonly slope: number;
  }[];
  readonly proportion: readonly {
    readonly successes: readonly boolean[];
    readonly patients: readonly string[];
    readonly designEffect: number;
  }[];
}
