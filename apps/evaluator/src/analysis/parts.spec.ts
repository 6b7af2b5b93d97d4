import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { at } from '@clip-lung/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  type ForgedNodule,
  type ForgedStudy,
  forgeStudy,
} from '../../test/forged-study.js';
import { analyseRun, type Analysis, formatAnalysis } from '../index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-parts-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the flow of nodules', () => {
  it('leads from what was found to what was tested, and nothing is lost on the way', async () => {
    const { flow } = await analysisOf({
      nodules,
      subset: 'C',
      tested: [0],
      minReaders: 2,
      counts: {
        ...{ scans: 9, failedScans: 2, scansWithoutImages: 1 },
        ...{ tooFewReaders: 4, leftOut: 1, radiographs: 3 },
      },
    });
    expect(flow.setAside).toEqual([
      { reason: 'radiographs, not CT', count: 3 },
    ]);
    expect(
      flow.stages.map(({ stage, scans, patients, nodules: count, leftOut }) => [
        ...[stage, scans, patients, count],
        leftOut.map((loss) => [
          ...[loss.reason, loss.scans, loss.patients, loss.nodules],
        ]),
      ]),
    ).toEqual([
      [
        ...['annotated scans', 12, null, null],
        [
          ['there are no images of the scan', 1, null, null],
          ['the images cannot be used', 2, null, null],
        ],
      ],
      [
        ...['nodules found', 9, null, 13],
        [
          ['fewer than 2 readers', null, null, 4],
          [
            'the series lacks their slices, or nobody rated their malignancy',
            ...[null, null, 1],
          ],
        ],
      ],
      [
        ...['in the dataset', null, 6, 8],
        [
          ['their class is not tested in subset C', null, 2, 3],
          ['their fold has no predictions: 1', null, 2, 2],
        ],
      ],
      ['tested', null, 2, 3, []],
    ]);
  });
});

describe('subset C, of which unsure is no class', () => {
  it('leaves judgements out where a reader or the others say unsure, and counts them', async () => {
    const { readers } = await analysisOf({ nodules, subset: 'C' });
    if ('leftOut' in readers) throw new Error(readers.leftOut);
    // a-1: 1 1 | a-2: 5 5 4 | b-1: 1 2 3 | c-1: 5 5 | d-1: 1 3 1
    expect(readers.nodules).toBe(5);
    // b-1's third and d-1's second reader say unsure; what b-1's first is held against, 2 and 3, is unsure together.
    expect(readers.againstOthers.otherClass).toBe(3);
    expect(readers.againstOthers.pooled.judgements).toBe(13 - 3);
    // Pairs, both ways: four of b-1's six and four of d-1's six have the one who is unsure.
    expect(readers.agreement.otherClass).toBe(8);
    expect(readers.agreement.pooled.judgements).toBe(2 + 6 + 6 + 2 + 6 - 8);
    expect(readers.notes).toContainEqual(
      expect.stringContaining('follows from the label of all readers'),
    );
  });

  it('has rules that bring in nodules which were not tested, and leave tested ones out', async () => {
    const { labellingRules: scored } = await analysisOf({
      nodules,
      subset: 'C',
    });
    if ('leftOut' in scored) throw new Error(scored.leftOut);
    const inclusive = scored.rules.filter(
      ({ rule, minReaders }) => rule === 'inclusive' && minReaders === 1,
    );
    // e-1, of 2 and 3, is unsure by exclusive bounds; of 3 3 and 3 3 nothing becomes another class.
    expect(inclusive.map(({ untested }) => untested)).toEqual([1, 1]);
    const [own] = scored.rules;
    expect(own).toMatchObject({ nodules: 5, untested: 0, support: [3, 2] });
    const four = scored.rules.filter(({ minReaders }) => minReaders === 4);
    expect(four).toHaveLength(4);
    for (const { nodules: count, figures, majority, leftOut } of four) {
      expect([count, majority, leftOut.tooFewReaders]).toEqual([0, null, 5]);
      for (const { value, interval, reason } of figures) {
        expect([value, interval]).toEqual([null, null]);
        expect(reason).toBe('there are no nodules');
      }
    }
  });
});

describe('subset B, where unsure is learnt, and not tested', () => {
  it('tests benign and malignant nodules, of three classes', async () => {
    const analysis = await analysisOf({ nodules, subset: 'B' });
    expect(analysis.classes).toHaveLength(3);
    expect(analysis.nodules).toBe(5);
    const { labellingRules: scored } = analysis;
    if ('leftOut' in scored) throw new Error(scored.leftOut);
    for (const { support } of scored.rules) expect(support[1]).toBe(0);
  });
});

describe('a source without ratings and scans', () => {
  it('leaves out what needs them, and says why', async () => {
    const analysis = await analysisOf(ownCrops);
    expect(analysis.readers).toEqual({
      leftOut:
        "the dataset's source, crops, does not tell what each reader says",
    });
    expect(analysis.labellingRules).toEqual({
      leftOut:
        "the dataset's source, crops, brings its labels, and no ratings to make others of",
    });
    expect(analysis.subgroups.map((one) => 'leftOut' in one)).toEqual(
      analysis.subgroups.map(() => true),
    );
    expect(analysis.flow.stages.map(({ stage }) => stage)).toEqual([
      'in the dataset',
      'tested',
    ]);
    expect(analysis.hardest[0]).toMatchObject({
      ...{ diameter: null, readers: null, malignancy: null, ratings: null },
      ...{ loss: null, scan: null, nodule: 'x-2' },
    });
    const text = formatAnalysis(analysis);
    expect(text).toContain('no subgroups by diameter: the dataset does not');
    expect(text).toContain('infinite');
    expect(text).not.toMatch(/NaN|null|undefined/);
  });
});

describe('names that mean something elsewhere', () => {
  it('are text in tables, and keys of nothing', async () => {
    const odd = '\u001b[31m__proto__\nFORGED\u202e';
    const analysis = await analysisOf({
      nodules: nodules.map((one, i) => ({
        ...one,
        id: i === 0 ? '__proto__' : one.id,
        manufacturer: at(['__proto__', '=1+1', odd, 'constructor'], i % 4),
      })),
    });
    expect(JSON.parse(JSON.stringify(analysis))).toEqual(analysis);
    const makers = analysis.subgroups.find(
      ({ name }) => name === 'manufacturer',
    );
    if (makers === undefined || 'leftOut' in makers) throw new Error('none');
    expect(makers.groups.map(({ group }) => group)).toEqual(
      expect.arrayContaining(['__PROTO__', '=1+1', 'CONSTRUCTOR']),
    );
    const sum = makers.groups.reduce((all, one) => all + one.nodules, 0);
    expect(sum).toBe(analysis.nodules);
    const text = formatAnalysis(analysis);
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]/u);
    expect(text).not.toMatch(/^FORGED/m);
    expect(text).toContain('\\x1b[31M__PROTO__ FORGED');
  });
});

async function analysisOf(study: ForgedStudy): Promise<Analysis> {
  const isOfThree = study.subset !== 'C' && study.classes === undefined;
  const { run } = await forgeStudy(folder, {
    ...study,
    nodules: study.nodules.map((one) => {
      const [benign = 0, malignant = 0] = one.probabilities;
      return isOfThree
        ? { ...one, probabilities: [benign, 0, malignant] }
        : one;
    }),
  });
  return analyseRun(run, { resamples: 50 });
}

const nodules: readonly ForgedNodule[] = (
  [
    ['a-1', 'a', 0, [1, 1], [0.7, 0.3]],
    ['a-2', 'a', 0, [5, 5, 4], [0.2, 0.8]],
    ['b-1', 'b', 0, [1, 2, 3], [0.6, 0.4]],
    ['c-1', 'c', 1, [5, 5], [0.9, 0.1]],
    ['d-1', 'd', 1, [1, 3, 1], [0.8, 0.2]],
    ['e-1', 'e', 0, [2, 3], [0.5, 0.5]],
    ['e-2', 'e', 0, [3, 3], [0.5, 0.5]],
    ['f-1', 'f', 1, [3, 3, 3], [0.5, 0.5]],
  ] as const
).map(([id, patient, fold, ratings, probabilities]) => ({
  ...{ id, patient, fold, ratings, probabilities },
}));

const ownCrops: ForgedStudy = {
  source: 'crops',
  classes: ['low', 'high'],
  nodules: (
    [
      ['x-1', 'x', 0, 'low', [0.9, 0.1]],
      ['x-2', 'x', 0, 'high', [1, 0]],
      ['y-1', 'y', 1, 'low', [0.4, 0.6]],
      ['y-2', 'y', 1, 'high', [0.3, 0.7]],
    ] as const
  ).map(([id, patient, fold, label, probabilities]) => ({
    ...{ id, patient, fold, label, probabilities, ratings: [] },
  })),
};
