import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { damagesOf } from '../test/damages.js';
import {
  foldPaths,
  type FoldPaths,
  MissingRunFileError,
  type Predictions,
  readPredictions,
  RunFileError,
  writePredictions,
} from './index.js';

let folder = '';
let file = '';
let paths: FoldPaths = foldPaths('', 0);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-run-'));
  paths = foldPaths(folder, 0);
  file = paths.predictions;
  await mkdir(paths.folder);
});
afterEach(() => rm(folder, { recursive: true }));

const predictions: Predictions = {
  classes: ['benign', 'unsure', 'malignant'],
  rows: [
    {
      nodule: 'LIDC-IDRI-0001/0',
      patient: 'LIDC-IDRI-0001',
      label: 2,
      prediction: 1,
      probabilities: [0.25, 0.5, 0.25],
    },
    {
      nodule: 'LIDC-IDRI-0002/0',
      patient: 'LIDC-IDRI-0002',
      label: 0,
      prediction: 0,
      probabilities: [Math.fround(0.9), 1e-7, 1 - Math.fround(0.9)],
    },
  ],
};

const origin = {
  experimentDigest: 'e'.repeat(64),
  dataset: 'd'.repeat(64),
};

const header = 'nodule,patient,label,prediction,p_benign,p_malignant';

describe('predictions.csv', () => {
  it('is a table that reads without a key', async () => {
    await writePredictions(paths, predictions, origin);
    const lines = (await readFile(file, 'utf8')).split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'nodule,patient,label,prediction,p_benign,p_unsure,p_malignant',
      'LIDC-IDRI-0001/0,LIDC-IDRI-0001,malignant,unsure,0.25,0.5,0.25',
    ]);
  });

  it('reads back exactly, whatever the names and numbers', async () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' });
    const row = fc.record({
      nodule: name,
      patient: name,
      label: fc.nat(),
      prediction: fc.nat(),
      parts: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), {
        minLength: 4,
        maxLength: 4,
      }),
    });
    const any = fc
      .record({
        classes: fc.uniqueArray(name, { minLength: 2, maxLength: 4 }),
        rows: fc.uniqueArray(row, {
          selector: ({ nodule }) => nodule,
          minLength: 1,
          maxLength: 5,
        }),
      })
      .map(({ classes, rows }): Predictions => {
        const K = classes.length;
        return {
          classes,
          rows: rows.map(({ label, prediction, parts, ...names }) => {
            const used = parts.slice(0, K);
            const sum = used.reduce((total, part) => total + part, 0);
            return {
              ...names,
              label: label % K,
              prediction: prediction % K,
              probabilities: used.map((part) => part / sum),
            };
          }),
        };
      });
    await fc.assert(
      fc.asyncProperty(any, async (one) => {
        await writePredictions(paths, one, origin);
        expect(await readPredictions(paths)).toEqual({
          ...one,
          isDigested: true,
        });
      }),
      // Each of them syncs a file and its folder.
      { numRuns: 50 },
    );
  });

  it('reads what a spreadsheet saved: a byte order mark, and lines that end in CR LF', async () => {
    await writeFile(
      file,
      `\uFEFF${header}\r\nn1,p1,benign,malignant,0.4,0.6\r\n`,
    );
    expect(await readPredictions(paths, { undigested: true })).toEqual({
      isDigested: false,
      classes: ['benign', 'malignant'],
      rows: [
        {
          nodule: 'n1',
          patient: 'p1',
          label: 0,
          prediction: 1,
          probabilities: [0.4, 0.6],
        },
      ],
    });
  });

  it('says so when the fold is not tested', async () => {
    await expect(readPredictions(paths, { undigested: true })).rejects.toThrow(
      MissingRunFileError,
    );
  });

  const good = 'n1,p1,benign,benign,0.5,0.5';
  it.each([
    ['', /predictions\.csv: is empty, expected a header/],
    [header, /has only a header/],
    [`nodule,label\n${good}`, /:1: column 2 is "label", expected "patient"/],
    [`${header},auc\n${good},1`, /:1: column 7 is "auc", expected "p_"/],
    [
      'nodule,patient,label,prediction,p_benign\nn,p,benign,benign,1',
      /:1: the classes are benign; expected two/,
    ],
    [
      `${header}\n${good}\nn2,p2,benign,benign,0.5`,
      /:3: has 5 columns, expected 6/,
    ],
    [
      `${header}\n${good}\n${good}`,
      /:3: nodule n1 is listed again, after line 2/,
    ],
    [
      `${header}\n${good}\nn2,p2,Benign,benign,0.5,0.5`,
      /:3: "label" is "Benign", expected one of benign, malignant/,
    ],
    [`${header}\nn1,p1,benign,1,0.5,0.5`, /:2: "prediction" is "1"/],
    [
      `${header}\nn1,p1,benign,benign,nan,0.5`,
      /:2: "p_benign" is "nan", expected a number from 0 to 1/,
    ],
    [`${header}\nn1,p1,benign,benign,,1`, /:2: "p_benign" is ""/],
    [`${header}\nn1,p1,benign,benign,-0.5,1.5`, /:2: "p_benign" is "-0.5"/],
    [
      `${header}\nn1,p1,benign,benign,0.5,0.4`,
      /:2: the probabilities sum to 0\.9/,
    ],
    [`${header}\n,p1,benign,benign,0.5,0.5`, /:2: "nodule" is ""/],
    [`${header}\nn1,,benign,benign,0.5,0.5`, /:2: "patient" is ""/],
    [`${header}\n"n1,p1,benign,benign,0.5,0.5`, /is not CSV: Quote Not Closed/],
  ])('refuses %j', async (text, message) => {
    await writeFile(file, text);
    await expect(readPredictions(paths, { undigested: true })).rejects.toThrow(
      RunFileError,
    );
    await expect(readPredictions(paths, { undigested: true })).rejects.toThrow(
      message,
    );
  });

  it('counts lines as an editor does, past a name with a line break', async () => {
    await writeFile(file, `${header}\n"n\n1",p1,benign,benign,0.5,0.5\nbad`);
    await expect(readPredictions(paths, { undigested: true })).rejects.toThrow(
      /:4: has 1 columns/,
    );
  });

  it('is refused at any flipped bit and any length, so is what lies beside it', async () => {
    await writePredictions(paths, predictions, origin);
    for (const one of [paths.predictions, paths.predictionsInfo]) {
      const whole = await readFile(one);
      for (const damaged of damagesOf(whole)) {
        await writeFile(one, damaged);
        await expect(readPredictions(paths)).rejects.toThrow(RunFileError);
      }
      await writeFile(one, whole);
    }
    expect((await readPredictions(paths)).isDigested).toBe(true);
  });

  it('is refused without its digest, unless it is of a version that had none', async () => {
    await writePredictions(paths, predictions, origin);
    await rm(paths.predictionsInfo);
    await expect(readPredictions(paths)).rejects.toThrow(
      /predictions\.csv: has no digest: .*predictions\.json.* is missing/,
    );
    const found = await readPredictions(paths, { undigested: true });
    expect(found.isDigested).toBe(false);
  });

  it('is refused in another fold, run, or way to classify', async () => {
    const run = { experiments: [origin.experimentDigest], dataset: undefined };
    await writePredictions(paths, predictions, origin);
    await readPredictions(paths, { run });
    await readPredictions(paths, { run: { ...run, dataset: origin.dataset } });
    await expect(
      readPredictions(paths, { run: { ...run, dataset: 'f'.repeat(64) } }),
    ).rejects.toThrow(/belongs to a run on another dataset/);
    await expect(
      readPredictions(paths, { run: { ...run, experiments: ['f'] } }),
    ).rejects.toThrow(/belongs to another experiment than the run's record/);
    for (const other of [foldPaths(folder, 1), foldPaths(folder, 0, 'texts')]) {
      await mkdir(other.folder, { recursive: true });
      await cp(paths.predictions, other.predictions);
      await cp(paths.predictionsInfo, other.predictionsInfo);
      await expect(readPredictions(other)).rejects.toThrow(
        /belongs to fold 0, but lies in the place of fold 1|describes predictions by head/,
      );
    }
  });

  it('writes nothing that could not be read back', async () => {
    const [first] = predictions.rows;
    const refused: readonly (readonly [object, RegExp])[] = [
      [{ label: 3 }, /has the class 3, expected 0 to 2/],
      [{ probabilities: [0.5, 0.5] }, /has 6 columns, expected 7/],
      [{ probabilities: [NaN, 0.5, 0.5] }, /"p_benign" is "NaN"/],
    ];
    for (const [change, message] of refused) {
      const rows = first === undefined ? [] : [{ ...first, ...change }];
      await expect(
        writePredictions(paths, { ...predictions, rows }, origin),
      ).rejects.toThrow(message);
    }
    expect(await readdir(paths.folder)).toEqual([]);
  });
});
