import { RandomStream } from '@clip-lung/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  brierDecomposition,
  calibrationSlopeMetric,
  fitTemperature,
  logisticRecalibration,
  MetricsInputError,
  reliabilityBins,
  scaleTemperature,
  withTemperature,
} from '../index.js';

/** Events and their probabilities, in twentieths. */
const forecasts = fc
  .array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 20 })), {
    minLength: 1,
    maxLength: 60,
  })
  .map((pairs) => ({
    positive: pairs.map(([is]) => is),
    probabilities: pairs.map(([, twentieths]) => twentieths / 20),
  }));

describe('the decomposition of the Brier score', () => {
  it('adds up, whatever the bins', () => {
    fc.assert(
      fc.property(
        forecasts,
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom('width' as const, 'count' as const),
        ({ positive, probabilities }, bins, by) => {
          const parts = brierDecomposition(positive, probabilities, {
            bins,
            by,
          });
          expect(
            parts.reliability -
              parts.resolution +
              parts.uncertainty +
              parts.withinVariance -
              parts.withinCovariance,
          ).toBeCloseTo(parts.score, 12);
          for (const name of ['reliability', 'resolution'] as const) {
            expect(parts[name]).toBeGreaterThanOrEqual(0);
          }
          expect(parts.resolution).toBeLessThanOrEqual(
            parts.uncertainty + 1e-12,
          );
        },
      ),
    );
  });

  it('has nothing within bins that hold one probability each', () => {
    const { withinVariance, withinCovariance, reliability } =
      brierDecomposition([true, false, true, false], [0.25, 0.25, 0.75, 0.75], {
        bins: 2,
      });
    expect(withinVariance).toBe(0);
    expect(withinCovariance).toBe(0);
    expect(reliability).toBe(0.0625);
  });
});

describe('logistic recalibration', () => {
  it('finds 0, 0 and 1 again in the probabilities that it has recalibrated', () => {
    const random = new RandomStream(1, 'test');
    const logits = Array.from({ length: 300 }, () => random.normal(0, 2));
    const positive = logits.map((x) => random.uniform() < sigmoid(0.5 * x - 1));
    const found = logisticRecalibration(positive, logits.map(sigmoid));
    const { intercept = NaN, slope = NaN } = found ?? {};
    const again = logisticRecalibration(
      positive,
      logits.map((x) => sigmoid(intercept + slope * x)),
    );
    expect(again?.inTheLarge).toBeCloseTo(0, 9);
    expect(again?.intercept).toBeCloseTo(0, 9);
    expect(again?.slope).toBeCloseTo(1, 9);
    // The residuals of a maximum are orthogonal to what it is a function of.
    const residuals = logits.map(
      (x, i) => Number(positive[i]) - sigmoid(intercept + slope * x),
    );
    expect(sum(residuals)).toBeCloseTo(0, 9);
    expect(sum(residuals.map((r, i) => r * (logits[i] ?? NaN)))).toBeCloseTo(
      0,
      8,
    );
  });

  it.each([
    ['all are events', [true, true, true], [0.2, 0.5, 0.7]],
    ['none is', [false, false, false], [0.2, 0.5, 0.7]],
    ['all probabilities are equal', [true, false, true], [0.4, 0.4, 0.4]],
    [
      'a threshold divides them',
      [false, false, true, true],
      [0.1, 0.2, 0.6, 0.9],
    ],
    ['it does, the wrong way round', [true, true, false], [0.1, 0.2, 0.6]],
    [
      'it does, but for one tie',
      [false, false, true, true],
      [0.1, 0.4, 0.4, 0.9],
    ],
  ])('is undefined where %s', (_name, positive, probabilities) => {
    expect(logisticRecalibration(positive, probabilities)).toBeUndefined();
  });

  it('is as good near to separation, and at probabilities of 0 and 1', () => {
    // One pair overlaps, by a hair: the maximum is far away, and finite.
    const near = logisticRecalibration(
      [false, false, true, false, true, true],
      [0, 0.3, 0.5, 0.5001, 0.7, 1],
    );
    expect(near?.slope).toBeGreaterThan(1);
    expect(Number.isFinite(near?.slope)).toBe(true);
  });

  it('gives a metric that is null where the fit is undefined', () => {
    const metric = calibrationSlopeMetric(1);
    const cases = {
      classes: ['benign', 'malignant'],
      areOrdered: true,
      labels: [0, 0, 1],
      predictions: [0, 0, 1],
      probabilities: [
        [0.9, 0.1],
        [0.8, 0.2],
        [0.3, 0.7],
      ],
      confusion: [
        [2, 0],
        [0, 1],
      ],
    };
    expect(metric.measure(cases).value).toBeNull();
    expect(metric.better).toEqual({ nearTo: 1 });
    expect(() => calibrationSlopeMetric(2).measure(cases)).toThrow(
      /the positive class is 2, expected 0 to 1/,
    );
  });
});

describe('reliability bins', () => {
  it('hold every nodule once, with a band around the frequency', () => {
    fc.assert(
      fc.property(
        forecasts,
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom('width' as const, 'count' as const),
        ({ positive, probabilities }, bins, by) => {
          const patients = positive.map((_is, i) => `p${i % 7}`);
          const found = reliabilityBins({
            positive,
            probabilities,
            patients,
            bins,
            by,
          });
          expect(sum(found.map(({ nodules }) => nodules))).toBe(
            positive.length,
          );
          expect(found[0]?.low).toBe(0);
          expect(found.at(-1)?.high).toBe(1);
          for (const {
            low,
            high,
            nodules,
            predicted,
            observed,
            band,
          } of found) {
            if (nodules === 0) {
              expect([predicted, observed, band]).toEqual([null, null, null]);
              continue;
            }
            expect(predicted).toBeGreaterThanOrEqual(low);
            expect(predicted).toBeLessThanOrEqual(high + 1e-12);
            if (band === null) continue;
            expect(band.low).toBeLessThanOrEqual((observed ?? NaN) + 1e-12);
            expect(band.high).toBeGreaterThanOrEqual((observed ?? NaN) - 1e-12);
          }
        },
      ),
    );
  });

  it('by count are about equally full, and divide no equal probabilities', () => {
    const probabilities = [0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.4, 0.9];
    const found = reliabilityBins({
      positive: probabilities.map((p) => p > 0.25),
      probabilities,
      patients: probabilities.map((_p, i) => String(i)),
      bins: 4,
      by: 'count',
    });
    expect(found.map(({ high, nodules }) => [high, nodules])).toEqual([
      [0.1, 4],
      [0.3, 2],
      [1, 2],
    ]);
  });

  it('have no band of one patient', () => {
    const [bin] = reliabilityBins({
      positive: [true, false],
      probabilities: [0.5, 0.5],
      patients: ['p', 'p'],
      bins: 1,
    });
    expect(bin).toMatchObject({ observed: 0.5, patients: 1, band: null });
  });
});

describe('temperature scaling', () => {
  const logits = [
    [2, 0, 0],
    [0, 1, 0],
    [3, 0, 1],
    [0, 0, 1],
  ];

  it('leaves a temperature of 1 to be found', () => {
    const labels = [0, 1, 2, 0];
    const t = fitTemperature([0, 1, 2, 2], logits) ?? NaN;
    const scaled = withTemperature(logits, t).map((row) => row.map(Math.log));
    expect(fitTemperature([0, 1, 2, 2], scaled)).toBeCloseTo(1, 9);
    expect(fitTemperature(labels, logits)).not.toBe(t);
  });

  it('is undefined where every answer is right, and where they are no better than chance', () => {
    expect(fitTemperature([0, 1, 0, 2], logits)).toBeUndefined();
    expect(fitTemperature([1, 0, 1, 0], logits)).toBeUndefined();
  });

  const validation = {
    labels: [0, 1, 2, 2],
    probabilities: withTemperature(logits, 1),
    patients: ['a', 'b', 'c', 'd'],
  };
  it('is fitted on the validation patients, and used for others', () => {
    const test = { probabilities: [[1, 0, 0]], patients: ['e'] };
    const found = scaleTemperature({ validation, test });
    expect(found?.temperature).toBeCloseTo(
      fitTemperature(validation.labels, logits) ?? NaN,
      9,
    );
    const [row = []] = found?.probabilities ?? [];
    expect(sum(row)).toBeCloseTo(1, 12);
    expect(row[0]).toBeGreaterThan(0.99);
  });

  it('refuses a patient of both', () => {
    const test = {
      probabilities: [
        [1, 0, 0],
        [1, 0, 0],
      ],
      patients: ['e', 'c'],
    };
    expect(() => scaleTemperature({ validation, test })).toThrow(
      /patient "c" is among those of the validation and of the test/,
    );
    expect(() => withTemperature(logits, 0)).toThrow(MetricsInputError);
  });
});

describe('calibration refuses', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'percentages',
      () => logisticRecalibration([true, false], [80, 20]),
      /probabilities\[0\] is 80, expected a number from 0 to 1/,
    ],
    [
      'NaN',
      () => brierDecomposition([true], [NaN]),
      /probabilities\[0\] is NaN/,
    ],
    [
      'fewer probabilities',
      () => logisticRecalibration([true, false], [0.5]),
      /2 labels and 1 probabilities/,
    ],
    [
      'no bins',
      () => brierDecomposition([true], [0.5], { bins: 0 }),
      /bins is 0/,
    ],
    [
      'fewer patients',
      () =>
        reliabilityBins({
          positive: [true, false],
          probabilities: [0.1, 0.2],
          patients: ['p'],
        }),
      /2 labels and 1 patients/,
    ],
  ])('%s', (_name, act, message) => {
    expect(act).toThrow(MetricsInputError);
    expect(act).toThrow(message);
  });
});

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
