import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type ForgedNodule, forgeStudy } from '../../test/forged-study.js';
import {
  analyseRun,
  type Analysis,
  type Beside,
  type Figure,
  type Group,
} from '../index.js';

describe('an analysis agrees with scikit-learn', () => {
  it.each(['againstOthers', 'agreement'] as const)(
    'on readers and the model: %s',
    (of) => {
      if ('leftOut' in analysis.readers) throw new Error('there are readers');
      const found = analysis.readers[of];
      const expected = study[of];
      expectBeside(found.pooled, expected.pooled);
      expect(found.perReader.map(({ reader }) => reader)).toEqual([1, 2, 3, 4]);
      found.perReader.forEach((one, place) => {
        expectBeside(one, expected.perReader[place]);
      });
      expect(found.otherClass).toBe(0);
      expect(analysis.readers.nodules).toBe(48);
      expect(analysis.readers.singleRating).toBe(20);
    },
  );

  it('on every group of every subgroup', () => {
    const found = analysis.subgroups.map((subgroup) => {
      if ('leftOut' in subgroup) throw new Error(subgroup.leftOut);
      return [
        subgroup.name,
        Object.fromEntries(
          subgroup.groups.map((one) => [one.group, shortOf(one)]),
        ),
      ] as const;
    });
    expect(rounded(Object.fromEntries(found))).toEqual(
      rounded(study.subgroups),
    );
  });

  it('by all sixteen labelling rules', () => {
    const { labellingRules: scored } = analysis;
    if ('leftOut' in scored) throw new Error(scored.leftOut);
    const found = scored.rules.map(
      ({ minReaders, statistic, rule, leftOut, majority, ...one }) => {
        expect(leftOut.otherClass).toBe(0);
        expect(one.untested).toBe(0);
        const { tooFewReaders } = leftOut;
        return {
          ...{ minReaders, statistic, rule, tooFewReaders, majority },
          ...shortOf(one),
        };
      },
    );
    expect(rounded(found)).toEqual(rounded(study.rules));
    expect(scored.rules.filter(({ isOfDataset }) => isOfDataset)).toMatchObject(
      [{ minReaders: 1, statistic: 'mean', rule: 'pylidc' }],
    );
  });

  it('on which nodules are the hardest, and how hard', () => {
    const found = analysis.hardest.map(({ nodule, loss }) => [nodule, loss]);
    expect(rounded(found)).toEqual(
      rounded(
        study.hardest.map(([p, id]) => [id, p === 0 ? null : -Math.log(p)]),
      ),
    );
  });
});

describe('an analysis', () => {
  it('is plain JSON, and the same each time', async () => {
    expect(JSON.parse(JSON.stringify(analysis))).toEqual(analysis);
    const again = await analyseRun(analysis.run, { hardest: 10, resamples });
    expect(again).toEqual(analysis);
  });

  it('has an interval, or the reason why there is none, for every figure', () => {
    const figures = [...figuresIn(analysis)];
    expect(figures.length).toBeGreaterThan(200);
    for (const { value, interval, reason } of figures) {
      expect(reason === null).toBe(value !== null && interval !== null);
      if (interval === null) continue;
      expect(interval.low).toBeLessThan(interval.high);
    }
  });

  it('warns where there are fewer than 20 patients, and nowhere else', () => {
    for (const subgroup of analysis.subgroups) {
      if ('leftOut' in subgroup) throw new Error(subgroup.leftOut);
      for (const { patients, warning } of subgroup.groups) {
        expect(warning !== null).toBe(patients < 20);
        if (warning !== null) expect(warning).toContain(`${patients} patients`);
      }
    }
  });

  it('says of nodules in no group why', () => {
    const unknown = analysis.subgroups.flatMap((one) =>
      'unknown' in one
        ? one.unknown.map(({ reason, nodules }) => [one.name, nodules, reason])
        : [],
    );
    expect(unknown).toEqual([
      ['readerAgreement', 20, 'a single reader rated the nodule’s malignancy'],
      ['voteMargin', 20, 'a single reader rated the nodule’s malignancy'],
      [
        'manufacturer',
        19,
        'the dataset does not tell the scanner’s manufacturer',
      ],
    ]);
  });

  it('finds no difference, and gives no interval of it, where the model is the reader', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'clip-lung-copy-'));
    // Two readers of one mind, and a model that is of it, too.
    const nodules = [1, 3, 5, 1, 3, 5].map(
      (rating, i): ForgedNodule => ({
        ...{ id: `n${i}`, patient: `p${i}`, fold: i % 2 },
        ratings: [rating, rating],
        probabilities: [1, 3, 5].map((one) => Number(one === rating)),
      }),
    );
    const { run } = await forgeStudy(copy, { nodules });
    const { readers } = await analyseRun(run, { resamples: 100 });
    await rm(copy, { recursive: true });
    if ('leftOut' in readers) throw new Error(readers.leftOut);
    const [accuracy] = readers.againstOthers.pooled.figures;
    const same = 'all resamples of the patients give the same figure';
    expect(accuracy).toMatchObject({
      readers: { value: 1, reason: null },
      model: { value: 1, reason: null },
      difference: { value: 0, interval: null, pValue: null, reason: same },
    });
    expect(readers.agreement.pooled.figures[0]?.readers.value).toBe(1);
  });
});

const resamples = 300;
let folder = '';
let analysis: Analysis;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-analysis-'));
  const { run } = await forgeStudy(folder, { nodules: study.nodules });
  analysis = await analyseRun(run, { hardest: 10, resamples });
});
afterAll(() => rm(folder, { recursive: true }));

type Numbers = Readonly<Record<string, number>>;

interface ExpectedBeside {
  readonly judgements: number;
  readonly readers: Numbers;
  readonly model: Numbers;
}

interface ExpectedAlike {
  readonly pooled: ExpectedBeside;
  readonly perReader: readonly ExpectedBeside[];
}

/** Made by tools/reference/evaluator_analysis.py. */
const study = JSON.parse(
  readFileSync(
    new URL('../../fixtures/analysis.json', import.meta.url),
    'utf8',
  ),
) as {
  readonly nodules: readonly ForgedNodule[];
  readonly againstOthers: ExpectedAlike;
  readonly agreement: ExpectedAlike;
  readonly subgroups: Readonly<Record<string, unknown>>;
  readonly rules: readonly unknown[];
  readonly hardest: readonly (readonly [number, string])[];
};

function expectBeside(
  found: Beside,
  expected: ExpectedBeside | undefined,
): void {
  if (expected === undefined) throw new Error('the fixture has no such reader');
  expect(found.judgements).toBe(expected.judgements);
  expect(found.figures.map(({ metric }) => metric)).toEqual(
    Object.keys(expected.readers),
  );
  for (const { metric, readers, model, difference } of found.figures) {
    const [ofReaders = NaN, ofModel = NaN] = [
      expected.readers[metric],
      expected.model[metric],
    ];
    expect(readers.value).toBeCloseTo(ofReaders, 12);
    expect(model.value).toBeCloseTo(ofModel, 12);
    expect(difference.value).toBeCloseTo(ofModel - ofReaders, 12);
  }
}

/** As the fixture has a group. */
function shortOf({
  nodules,
  patients,
  support,
  figures,
}: Pick<Group, 'nodules' | 'patients' | 'support' | 'figures'>): object {
  return {
    ...{ nodules, patients, support },
    ...Object.fromEntries(figures.map(({ metric, value }) => [metric, value])),
  };
}

function rounded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, one: unknown) =>
      typeof one === 'number' ? Number(one.toFixed(12)) : one,
    ),
  );
}

/** All that have a value, an interval and a reason, at any depth. */
function* figuresIn(value: unknown): Generator<Figure> {
  if (typeof value !== 'object' || value === null) return;
  if ('value' in value && 'interval' in value && 'reason' in value) {
    yield value as Figure;
    return;
  }
  for (const one of Object.values(value)) yield* figuresIn(one);
}
