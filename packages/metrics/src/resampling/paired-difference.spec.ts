import { RandomStream } from '@clip-lung/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  accuracyMetric,
  calibrationInTheLargeMetric,
  calibrationInterceptMetric,
  calibrationSlopeMetric,
  expectedCostMetric,
  netBenefitMetric,
  sensitivityAtSpecificityMetric,
  specificityAtSensitivityMetric,
  reportMetrics,
  type Cases,
  confusionMatrix,
  type IdentifiedCases,
  measure,
  type Metric,
  metricFigure,
  MetricsInputError,
  pairedDifference,
} from '../index.js';

const metrics: readonly Metric[] = [
  ...reportMetrics,
  expectedCostMetric([
    [0, 1, 2],
    [1, 0, 1],
    [5, 2, 0],
  ]),
  sensitivityAtSpecificityMetric({ positiveClass: 2, at: 0.9 }),
  specificityAtSensitivityMetric({ positiveClass: 2, at: 0.9 }),
  netBenefitMetric({ positiveClass: 2, threshold: 0.2 }),
  calibrationInTheLargeMetric(2),
  calibrationInterceptMetric(2),
  calibrationSlopeMetric(2),
];

describe('pairedDifference', () => {
  it.each(metrics.map((metric) => [metric.name, metric] as const))(
    'of %s is that of the drawn nodules listed one by one',
    async (_name, metric) => {
      const a = [madeUp(1, 0.3), madeUp(2, 0.3)];
      const b = [madeUp(3, 1.5), madeUp(4, 1.5)];
      const uniform = new RandomStream(5, 'test');
      const { patients } = first(a);
      const resamples = 60;
      const numbers = Array.from(
        { length: resamples * new Set(patients).size },
        () => uniform.uniform(),
      );
      const found = await pairedDifference({
        metric,
        a,
        b,
        resamples,
        level: 0.9,
        random: from(numbers),
      });
      const names = [...new Set(patients)];
      const random = from(numbers);
      const expected: number[] = [];
      for (let resample = 0; resample < resamples; resample++) {
        const drawn = names.flatMap(() => {
          const name = names[Math.floor(random() * names.length)];
          return patients.flatMap((own, i) => (own === name ? [i] : []));
        });
        const differences = a.map(
          ({ cases }, s) =>
            valueOf(metric, listed((b[s] ?? first(b)).cases, drawn)) -
            valueOf(metric, listed(cases, drawn)),
        );
        expected.push(mean(differences));
      }
      expected.sort((one, other) => one - other);
      expect(found.undefinedResamples).toBe(0);
      // 0.05 · 59 and 0.95 · 59 lie between two.
      const end = (place: number): number => {
        const below = Math.floor(place);
        const low = expected[below] ?? NaN;
        return low + (place - below) * ((expected[below + 1] ?? NaN) - low);
      };
      expect(found.interval?.low).toBeCloseTo(end(2.95), 12);
      expect(found.interval?.high).toBeCloseTo(end(56.05), 12);
      const perSeed = a.map(
        ({ cases }, s) =>
          valueOf(metric, (b[s] ?? first(b)).cases) - valueOf(metric, cases),
      );
      expect(found.difference).toBeCloseTo(mean(perSeed), 12);
      const [one = NaN, other = NaN] = perSeed;
      expect(found.deviation).toBeCloseTo(
        Math.abs(one - other) / Math.SQRT2,
        12,
      );
      const below = expected.filter((value) => value <= 0).length;
      const above = expected.filter((value) => value >= 0).length;
      expect(found.pValue).toBe(
        Math.min(1, (2 * (1 + Math.min(below, above))) / 61),
      );
      expect(found).toMatchObject({ nodules: 90, patients: 30, seeds: 2 });
    },
  );

  it('changes its sign when the methods change places, and is nothing between a method and itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const a = [madeUp(seed, 0.5)];
        const b = [madeUp(seed + 1, 1)];
        const shared = { metric: accuracyMetric, resamples: 50 };
        const there = await pairedDifference({ ...shared, a, b });
        const back = await pairedDifference({ ...shared, a: b, b: a });
        expect(back.difference).toBeCloseTo(-(there.difference ?? NaN), 12);
        expect(back.interval?.low).toBeCloseTo(
          -(there.interval?.high ?? NaN),
          12,
        );
        expect(back.pValue).toBe(there.pValue);
        const same = await pairedDifference({ ...shared, a, b: a });
        expect(same).toMatchObject({
          difference: 0,
          interval: { low: 0, high: 0 },
          pValue: 1,
        });
      }),
      { numRuns: 20 },
    );
  });

  it('has no deviation of one seed, and no interval of one patient', async () => {
    const one = { ...madeUp(1, 1), patients: madeUp(1, 1).labelsOf('p') };
    const found = await pairedDifference({
      metric: accuracyMetric,
      a: [one],
      b: [one],
    });
    expect(found).toMatchObject({
      difference: 0,
      deviation: null,
      interval: null,
      pValue: null,
      method: null,
      reason: 'there are 1 groups, expected at least 2',
    });
  });

  it('is null, with the reason, where a figure is undefined', async () => {
    const auc = byName('auc');
    const all = madeUp(1, 1);
    const benign = all.cases.labels.flatMap((label, i) =>
      label === 0 ? [i] : [],
    );
    const one = {
      cases: listed(all.cases, benign),
      nodules: benign.map((i) => `n${i}`),
      patients: benign.map((i) => `p${i}`),
    };
    const found = await pairedDifference({ metric: auc, a: [one], b: [one] });
    expect(found).toMatchObject({
      difference: null,
      perSeed: [null],
      interval: null,
      reason: 'there is no AUC where all nodules are of one class',
    });
  });

  it('has no interval where too many resamples lack a class', async () => {
    // One nodule of the second class: a resample of ten patients lacks it with probability 0.9 ** 10 = 0.35.
    const labels = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const one: IdentifiedCases = {
      cases: casesOf(
        labels,
        labels.map((_label, i) => [1 - i / 20, i / 20]),
      ),
      nodules: labels.map((_label, i) => `n${i}`),
      patients: labels.map((_label, i) => `p${i}`),
    };
    for (const name of ['auc', 'macroF1', 'macroRecall']) {
      const metric = byName(name);
      const found = await pairedDifference({ metric, a: [one], b: [one] });
      expect(found.difference, name).toBe(0);
      expect(found.interval, name).toBeNull();
      expect(found.undefinedResamples / 2000, name).toBeCloseTo(0.349, 1);
      expect(found.reason, name).toMatch(
        /^the figure is undefined in \d+ of 2000 resamples$/,
      );
    }
  });

  it('takes a metric that says nothing of resampling, and one that asks for ordered classes', async () => {
    const auc = byName('auc');
    const plain: Metric = {
      name: 'own',
      label: 'own',
      shownAs: 'decimal',
      range: [0, 1],
      better: 'higher',
      undefinedWhen: 'a class is missing',
      measure: (cases) => ({ value: auc.measure(cases).value }),
    };
    const shared = { a: [madeUp(1, 0.3)], b: [madeUp(2, 1)], resamples: 50 };
    const own = await pairedDifference({ ...shared, metric: plain });
    const weighted = await pairedDifference({ ...shared, metric: auc });
    expect(own.interval?.low).toBeCloseTo(weighted.interval?.low ?? NaN, 12);
    expect(own.interval?.high).toBeCloseTo(weighted.interval?.high ?? NaN, 12);
    const ordered = await pairedDifference({
      a: shared.a.map(unordered),
      b: shared.b.map(unordered),
      metric: { ...auc, needs: { ordered: true } },
    });
    expect(ordered.reason).toBe(
      'there is no AUC where the classes have no order, or all nodules are of one class',
    );
  });

  const pair = madeUp(1, 1);
  it.each<[string, IdentifiedCases, RegExp]>([
    [
      'another label',
      {
        ...pair,
        cases: {
          ...pair.cases,
          labels: pair.cases.labels.map((label, i) =>
            i === 7 ? (label + 1) % 3 : label,
          ),
        },
      },
      /the label of nodule "n7" is \d in seed 0 of b and \d in seed 0 of a/,
    ],
    [
      'another patient',
      {
        ...pair,
        patients: pair.patients.map((own, i) => (i === 4 ? 'other' : own)),
      },
      /the patient of nodule "n4" is "other" in seed 0 of b and "p4" in seed 0 of a/,
    ],
    [
      'nodules in another order',
      { ...pair, nodules: [...pair.nodules].reverse() },
      /nodule 0 is "n89" in seed 0 of b and "n0" in seed 0 of a/,
    ],
    [
      'fewer nodules',
      { ...madeUp(1, 1, 80) },
      /there are 80 labels in seed 0 of b, expected 90/,
    ],
    [
      'fewer IDs',
      { ...pair, nodules: pair.nodules.slice(1) },
      /there are 89 IDs of nodules in seed 0 of b, expected 90/,
    ],
    [
      'another class',
      {
        ...pair,
        cases: { ...pair.cases, classes: ['class 0', 'class 1', 'malignant'] },
      },
      /class 2 is "malignant" in seed 0 of b and "class 2" in seed 0 of a/,
    ],
    [
      'probabilities of fewer classes',
      {
        ...pair,
        cases: {
          ...pair.cases,
          probabilities: pair.cases.labels.map(() => [1, 0]),
          labels: pair.cases.labels.map((label) => label % 2),
        },
      },
      /there are probabilities of 2 classes in seed 0 of b, expected 3/,
    ],
    [
      'a prediction that is not a class',
      {
        ...pair,
        cases: {
          ...pair.cases,
          predictions: pair.cases.predictions.map((own, i) =>
            i === 3 ? 3 : own,
          ),
        },
      },
      /predictions of seed 0 of b\[3\] is 3, expected a class from 0 to 2/,
    ],
    [
      'a class less',
      { ...pair, cases: { ...pair.cases, classes: ['class 0', 'class 1'] } },
      /class 2 is missing in seed 0 of b and "class 2" in seed 0 of a/,
    ],
  ])('refuses %s', async (_what, other, message) => {
    const asked = pairedDifference({
      metric: accuracyMetric,
      a: [pair],
      b: [other],
    });
    await expect(asked).rejects.toThrow(MetricsInputError);
    await expect(asked).rejects.toThrow(message);
  });

  it('refuses no seeds, and another number of them', async () => {
    for (const [a, b] of [
      [[], []],
      [[pair], [pair, pair]],
    ]) {
      const asked = pairedDifference({
        metric: accuracyMetric,
        a: a ?? [],
        b: b ?? [],
      });
      await expect(asked).rejects.toThrow(/seeds of a and \d of b/);
    }
  });
});

describe('the figure of every metric', () => {
  it.each(metrics.map((metric) => [metric.name, metric] as const))(
    'is the metric’s own where each patient is drawn once: %s',
    (_name, metric) => {
      for (let seed = 0; seed < 10; seed++) {
        const { cases, patients } = madeUp(seed, 0.5);
        const { of, kinds } = metricFigure(metric, cases, patients);
        expect(of(kinds.sizes)).toBeCloseTo(valueOf(metric, cases), 12);
      }
    },
  );
});

function byName(name: string): Metric {
  return first(metrics.filter((metric) => metric.name === name));
}

/** 90 nodules of 30 patients, three a patient, of three classes; probabilities in hundredths, so that there are ties. */
function madeUp(
  seed: number,
  skill: number,
  count = 90,
): IdentifiedCases & { readonly labelsOf: (name: string) => string[] } {
  const random = new RandomStream(seed, 'made up');
  const labels = Array.from({ length: count }, (_label, i) => (i * 7) % 3);
  const probabilities = labels.map((label) => {
    const parts = [0, 1, 2].map((k) =>
      Math.exp(random.normal(k === label ? skill : 0)),
    );
    const total = parts.reduce((sum, part) => sum + part, 0);
    const [p = NaN, q = NaN] = parts.map(
      (part) => Math.round((100 * part) / total) / 100,
    );
    return [p, q, 1 - p - q];
  });
  return {
    cases: casesOf(labels, probabilities),
    nodules: labels.map((_label, i) => `n${i}`),
    patients: labels.map((_label, i) => `p${i % 30}`),
    labelsOf: (name) => labels.map(() => name),
  };
}

function casesOf(
  labels: readonly number[],
  probabilities: readonly (readonly number[])[],
): Cases {
  const classes = first(probabilities).map((_p, k) => `class ${k}`);
  const predictions = probabilities.map((row) => row.indexOf(Math.max(...row)));
  return {
    classes,
    areOrdered: true,
    labels,
    predictions,
    probabilities,
    confusion: confusionMatrix(labels, predictions, classes.length),
  };
}

function unordered(one: IdentifiedCases): IdentifiedCases {
  return { ...one, cases: { ...one.cases, areOrdered: false } };
}

function listed(cases: Cases, drawn: readonly number[]): Cases {
  return {
    ...casesOf(
      drawn.map((i) => cases.labels[i] ?? NaN),
      drawn.map((i) => cases.probabilities[i] ?? []),
    ),
    classes: cases.classes,
  };
}

function valueOf(metric: Metric, cases: Cases): number {
  return measure(metric, cases).value ?? NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new RangeError('there is none');
  return item;
}

function from(numbers: readonly number[]): () => number {
  const iterator = numbers.values();
  return () => iterator.next().value ?? NaN;
}
