import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { InputError } from '@clip-lung/data';
import { InconsistentRunError, type PredictionRow } from '@clip-lung/run';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  type ForgedNodule,
  type ForgedStudy,
  forgeStudy,
} from '../../test/forged-study.js';
import { analyseRun, AnalysisError, builtInSubgroups } from '../index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-tested-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('an analysis refuses', () => {
  it('another dataset than the run’s, by its digest', async () => {
    const { run } = await forgeStudy(folder, study);
    const [first, ...others] = nodules;
    if (first === undefined) throw new Error('there are nodules');
    const { data } = await forgeStudy(join(folder, 'other'), {
      nodules: [{ ...first, texture: 2 }, ...others],
    });
    const analysed = analyseRun(run, { data });
    await expect(analysed).rejects.toThrow(InconsistentRunError);
    await expect(analysed).rejects.toThrow(
      /other\/dataset: is not the dataset that .*run was trained on: its SHA-256 is [0-9a-f]{64}, the run's record says [0-9a-f]{64}; give that dataset with --data/,
    );
  });

  it('a dataset that is not there, and says how to give it', async () => {
    const { run, data } = await forgeStudy(folder, study);
    await rename(data, join(folder, 'moved'));
    await expect(analyseRun(run)).rejects.toThrow(InputError);
    await expect(analyseRun(run)).rejects.toThrow(
      /run: to analyse it, the dataset .* is needed: .*If it has moved, give its folder with --data <folder>/,
    );
    const moved = await analyseRun(run, {
      data: join(folder, 'moved'),
      ...few,
    });
    expect(moved.nodules).toBe(4);
  });

  it.each<[string, RegExp, (row: PredictionRow) => PredictionRow | undefined]>([
    [
      'label',
      /a-1, tested in fold 0, is benign there, and unsure in the/,
      (row) => ({ ...row, label: 1 }),
    ],
    [
      'patient',
      /a-1, tested in fold 0, is of patient a there, and of z in the/,
      (row) => ({ ...row, patient: 'z' }),
    ],
    [
      'nodule',
      /zz, tested in fold 0, is not in it; give that dataset/,
      (row) => ({ ...row, nodule: 'zz' }),
    ],
    [
      'fold',
      /c-1, tested in fold 0, is in fold 1 there/,
      (row) => ({ ...row, nodule: 'c-1', patient: 'c', label: 2 }),
    ],
    [
      'number',
      /fold 0 has predictions for 1 of the 2 nodules that .*dataset has to test in it; a-1 is missing/,
      () => undefined,
    ],
  ])(
    'predictions with another %s than the dataset’s',
    async (_what, message, change) => {
      const { run } = await forgeStudy(folder, {
        ...study,
        tested: [0],
        rows: (rows) =>
          rows.flatMap((row) =>
            row.nodule === 'a-1' ? (change(row) ?? []) : row,
          ),
      });
      await expect(analyseRun(run)).rejects.toThrow(InconsistentRunError);
      await expect(analyseRun(run)).rejects.toThrow(message);
    },
  );

  it('options that make no sense', async () => {
    const twice = [...builtInSubgroups, ...builtInSubgroups];
    for (const [options, message] of [
      [{ hardest: -1 }, '"hardest" is -1, expected a whole number from 0'],
      [
        { resamples: 0.5 },
        '"resamples" is 0.5, expected a whole number from 1',
      ],
      [{ subgroups: twice }, 'two subgroups are called "diameter", expected'],
    ] as const) {
      await expect(analyseRun('nowhere', options)).rejects.toThrow(
        AnalysisError,
      );
      await expect(analyseRun('nowhere', options)).rejects.toThrow(message);
    }
  });
});

describe('an analysis of a run that did not keep the digest of its dataset', () => {
  it('says so, and holds the dataset to the nodules alone', async () => {
    const { run } = await forgeStudy(folder, {
      ...study,
      record: { sha256: undefined },
    });
    const notes: string[] = [];
    const onNote = (note: string): void => void notes.push(note);
    await analyseRun(run, { onNote, ...few });
    expect(notes).toEqual([
      expect.stringMatching(/the run did not keep the SHA-256 of its dataset/),
    ]);
  });
});

describe('stopping an analysis', () => {
  it('works', async () => {
    const { run } = await forgeStudy(folder, study);
    const stop = new AbortController();
    const analysed = analyseRun(run, { signal: stop.signal });
    stop.abort();
    await expect(analysed).rejects.toMatchObject({ name: 'AbortError' });
  });
});

const few = { resamples: 20 };

const nodules: readonly ForgedNodule[] = (
  [
    ['a-1', 'a', 0, 1],
    ['b-1', 'b', 0, 3],
    ['c-1', 'c', 1, 5],
    ['d-1', 'd', 1, 2],
  ] as const
).map(([id, patient, fold, rating]) => ({
  ...{ id, patient, fold, ratings: [rating, rating] },
  probabilities: [0.5, 0.3, 0.2],
}));

const study: ForgedStudy = { nodules };
