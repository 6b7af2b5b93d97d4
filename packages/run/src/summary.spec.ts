import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { damagesOf } from '../test/damages.js';
import {
  MissingRunFileError,
  readRunSummary,
  RunFileError,
  runPaths,
  type RunSummary,
  writeRunSummary,
} from './index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-run-'));
});
afterEach(() => rm(folder, { recursive: true }));

const score = { recall: 0.5, f1: 0.5, precision: 0.5, support: 2, auc: null };

const summary: RunSummary = {
  accuracy: 0.5,
  majority: 0.5,
  perClass: [
    { name: 'benign', ...score },
    { name: 'malignant', ...score },
  ],
  run: 'runs/demo',
  text: 'none',
  data: 'lidc-idri',
  by: 'head',
  formatVersion: 2,
  subset: 'C',
  textModel: '',
  majorityClass: 'benign',
  macroPrecision: 0.5,
  macroRecall: 0.5,
  macroF1: 0.5,
  auc: 0.5,
  ece: 0.1,
  brier: 0.5,
  interval: {
    level: 0.95,
    wilson: { low: 0.15, high: 0.85 },
    byPatient: null,
  },
  nodules: 4,
  patients: 1,
  folds: [{ fold: 0, accuracy: 0.5, nodules: 4, patients: 1 }],
  missingFolds: [1],
  overFolds: null,
  confusion: [
    [1, 1],
    [1, 1],
  ],
};

describe('summary.json', () => {
  it('reads back as it was written, keys in order', async () => {
    await writeRunSummary(folder, summary);
    expect(await readRunSummary(folder)).toEqual(summary);
    const text = await readFile(runPaths(folder).summary, 'utf8');
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      ...Object.keys(summary),
      'sha256',
    ]);
  });

  it('is another file for what was classified by texts', async () => {
    const byTexts = { ...summary, by: 'texts', accuracy: 0.25 } as const;
    await writeRunSummary(folder, summary);
    await writeRunSummary(folder, byTexts);
    expect(await readRunSummary(folder)).toEqual(summary);
    expect(await readRunSummary(folder, 'texts')).toEqual(byTexts);
  });

  it('is of the head where it does not say, as older ones do not', async () => {
    const { by, ...rest } = summary;
    const older = { ...rest, formatVersion: 1 };
    await writeFile(runPaths(folder).summary, JSON.stringify(older));
    expect(await readRunSummary(folder)).toEqual({ ...older, by });
  });

  it('says so when the run is not evaluated', async () => {
    await expect(readRunSummary(folder)).rejects.toThrow(MissingRunFileError);
    await expect(readRunSummary(folder)).rejects.toThrow(
      /has not been evaluated yet/,
    );
    await expect(readRunSummary(folder, 'texts')).rejects.toThrow(
      /`clip-lung evaluate --by texts`/,
    );
  });

  it('is refused at any flipped bit and any length', async () => {
    await writeRunSummary(folder, summary);
    const file = runPaths(folder).summary;
    for (const damaged of damagesOf(await readFile(file), 200)) {
      await writeFile(file, damaged);
      await expect(readRunSummary(folder)).rejects.toThrow(RunFileError);
    }
  });

  it('says what to do about one of before a metric was there', async () => {
    const older = JSON.stringify({
      ...{ ...summary, formatVersion: 1 },
      brier: undefined,
    });
    await writeFile(runPaths(folder).summary, older);
    await expect(readRunSummary(folder)).rejects.toThrow(
      /"brier" is missing: expected the Brier score, which was not measured yet when the summary was written; run `clip-lung evaluate` on the run again/,
    );
  });

  it('holds the figures of metrics of one’s own, whatever they are called', async () => {
    const more = {
      ...summary,
      kappa: -0.25,
      perClass: summary.perClass.map((one) => ({ ...one, share: null })),
      intervals: { kappa: { low: -0.5, high: 0 } },
    };
    await writeRunSummary(folder, more);
    expect(await readRunSummary(folder)).toEqual(more);
    const wrong = { ...summary, kappa: 'high' };
    await expect(writeRunSummary(folder, wrong)).rejects.toThrow(/"kappa" is/);
  });

  it.each([
    ['macroF1', 69.4],
    ['brier', -1],
    ['macroRecall', null],
  ])(
    'refuses a figure that its metric cannot have: %s %s',
    async (name, value) => {
      const wrong = { ...summary, [name]: value };
      await expect(writeRunSummary(folder, wrong)).rejects.toThrow(
        `"${name}" is ${value}: expected a number from`,
      );
    },
  );

  it('refuses a percentage where a fraction belongs, read or written', async () => {
    const wrong = { ...summary, formatVersion: 1, accuracy: 61 } as const;
    await expect(writeRunSummary(folder, wrong)).rejects.toThrow(RunFileError);
    await writeFile(runPaths(folder).summary, JSON.stringify(wrong));
    await expect(readRunSummary(folder)).rejects.toThrow(/"accuracy" is 61/);
  });
});
