import { RandomStream } from '@clip-lung/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  averagePrecision,
  precisionRecallBands,
  precisionRecallCurve,
  rocBands,
  rocCurve,
} from '../index.js';

/** Nodules with scores that are often tied. */
const scored = fc.array(
  fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })),
  { minLength: 1, maxLength: 40 },
);

describe('the precision–recall curve', () => {
  it('has what counting at each threshold gives, and the average precision below it', () => {
    fc.assert(
      fc.property(scored, (cases) => {
        const positive = cases.map(([is]) => is);
        const scores = cases.map(([, score]) => score);
        const found = precisionRecallCurve(positive, scores);
        if (!positive.includes(true)) {
          expect(found).toBeUndefined();
          return;
        }
        const thresholds = [...new Set(scores)].sort((a, b) => b - a);
        expect(found).toEqual(
          thresholds.map((threshold) => {
            const treated = cases.filter(([, score]) => score >= threshold);
            const right = treated.filter(([is]) => is).length;
            return {
              threshold,
              recall: right / positive.filter(Boolean).length,
              precision: right / treated.length,
            };
          }),
        );
        let [area, before] = [0, 0];
        for (const { recall, precision } of found ?? []) {
          area += (recall - before) * precision;
          before = recall;
        }
        expect(area).toBeCloseTo(averagePrecision(positive, scores) ?? NaN, 12);
      }),
    );
  });
});

describe('bands of curves', () => {
  const random = new RandomStream(1, 'test', 'curves');
  const patients = Array.from({ length: 60 }, (_, i) => `p${i >> 1}`);
  const positive = patients.map(() => random.uniform() < 0.4);
  const scores = positive.map(
    (is) => Math.round(10 * (random.uniform() + (is ? 0.3 : 0))) / 10,
  );
  const places = [0, 0.1, 0.25, 0.5, 0.9, 1];
  const resamples = 200;

  /** As many patients as there are, drawn one by one, with all of their nodules, as lists. */
  function drawnCases(uniform: () => number): {
    readonly positive: readonly boolean[];
    readonly scores: readonly number[];
  } {
    const names = [...new Set(patients)];
    const drawn = names.flatMap(() => {
      const one = names[Math.floor(uniform() * names.length)];
      return [...patients.keys()].filter((i) => patients[i] === one);
    });
    return {
      positive: drawn.map((i) => positive[i] === true),
      scores: drawn.map((i) => scores[i] ?? NaN),
    };
  }

  /** numpy's quantile of a list. */
  function quantileOf(values: readonly number[], part: number): number {
    const sorted = [...values].sort((a, b) => a - b);
    const place = part * (sorted.length - 1);
    const [low = NaN, high = low] = [
      sorted[Math.floor(place)],
      sorted[Math.ceil(place)],
    ];
    return low + (high - low) * (place - Math.floor(place));
  }

  it.each([
    {
      name: 'ROC',
      bandsOf: rocBands,
      valueAt: (
        cases: ReturnType<typeof drawnCases>,
        place: number,
      ): number => {
        const points = (rocCurve(cases.positive, cases.scores) ?? []).map(
          (point) => [1 - point.specificity, point.sensitivity] as const,
        );
        const before = points.filter(([x]) => x <= place + 1e-12).at(-1);
        const after = points.find(([x]) => x > place + 1e-12);
        const [x0, y0] = before ?? [NaN, NaN];
        if (after === undefined) return y0;
        return y0 + ((place - x0) / (after[0] - x0)) * (after[1] - y0);
      },
    },
    {
      name: 'precision–recall',
      bandsOf: precisionRecallBands,
      valueAt: (cases: ReturnType<typeof drawnCases>, place: number): number =>
        precisionRecallCurve(cases.positive, cases.scores)?.find(
          ({ recall }) => recall >= place - 1e-12,
        )?.precision ?? NaN,
    },
  ])(
    'of $name are the quantiles of curves over nodules that are drawn one by one',
    async ({ bandsOf, valueAt }) => {
      const stream = new RandomStream(2, 'test');
      const found = await bandsOf({
        ...{ positive, scores, patients, places, resamples },
        random: () => stream.uniform(),
      });
      const again = new RandomStream(2, 'test');
      const all = Array.from({ length: resamples }, () =>
        drawnCases(() => again.uniform()),
      );
      for (const [i, place] of places.entries()) {
        const point = found?.[i];
        expect(point?.place).toBe(place);
        expect(point?.value).toBeCloseTo(
          valueAt({ positive, scores }, place),
          12,
        );
        const values = all.map((cases) => valueAt(cases, place));
        expect(point?.band?.low).toBeCloseTo(quantileOf(values, 0.025), 9);
        expect(point?.band?.high).toBeCloseTo(quantileOf(values, 0.975), 9);
      }
    },
  );

  it('are undefined without positives, and have no width to tell of one patient', async () => {
    const draw = { random: () => 0, resamples: 10, places: [0.5] };
    const none = { ...draw, positive: [false, false], scores: [0, 1] };
    expect(await rocBands({ ...none, patients: ['a', 'b'] })).toBeUndefined();
    expect(
      await precisionRecallBands({ ...none, patients: ['a', 'b'] }),
    ).toBeUndefined();
    const one = { ...draw, positive: [true, false], scores: [1, 0] };
    expect(await rocBands({ ...one, patients: ['a', 'a'] })).toEqual([
      { place: 0.5, value: 1, band: null },
    ]);
    // Every resample is the first patient twice, who has no negative.
    expect(await rocBands({ ...one, patients: ['a', 'b'] })).toEqual([
      { place: 0.5, value: 1, band: null },
    ]);
    await expect(
      rocBands({ ...one, patients: ['a', 'b'], places: [0.5, 0.4] }),
    ).rejects.toThrow(
      'places[1] is 0.4, expected numbers from 0 to 1 that do not fall',
    );
  });
});
