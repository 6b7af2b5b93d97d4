import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import {
  experimentDigest,
  foldPaths,
  InconsistentRunError,
  MissingRunFileError,
  NoPredictionsError,
  PatientOverlapError,
  type PredictionRow,
  readRunSummary,
  RunFileError,
  runPaths,
  type RunRecord,
  writePredictions,
  writeRunRecord,
} from '@clip-lung/run';
import { FileWriteError } from '@clip-lung/tensor/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  evaluateRun,
  evaluateRuns,
  formatComparison,
  formatEvaluation,
} from './index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-run-'));
});
afterEach(() => rm(folder, { recursive: true }));

const classes = ['benign', 'unsure', 'malignant'] as const;

const origin = {
  experimentDigest: experimentDigest({}),
  dataset: 'd'.repeat(64),
};

async function writeRecord(
  change: Partial<RunRecord> = {},
  folds = 3,
): Promise<void> {
  await writeRunRecord(folder, {
    formatVersion: 2,
    experiment: {},
    data: {
      collection: 'phantom',
      folder: 'dataset',
      nodules: 7,
      subset: 'A',
      folds,
    },
    text: 'random',
    textModel: 'random',
    textSha256: null,
    classes,
    engine: 'onnx',
    device: 'cpu',
    software: {},
    ...change,
  });
}

/** `[patient, label, prediction]`: nodules are numbered within their patient by the caller's order. */
type Short = readonly [patient: string, label: number, prediction: number];

function rowsOf(shorts: readonly Short[]): readonly PredictionRow[] {
  return shorts.map(([patient, label, prediction], index) => ({
    nodule: `${patient}/${index}`,
    patient,
    label,
    prediction,
    probabilities: classes.map((_name, k) => (k === prediction ? 0.8 : 0.1)),
  }));
}

async function writeFold(
  fold: number,
  shorts: readonly Short[],
): Promise<void> {
  await writePredictions(
    foldPaths(folder, fold),
    { classes, rows: rowsOf(shorts) },
    origin,
  );
}

/** Seven nodules of five patients; five are right. */
const folds: readonly (readonly Short[])[] = [
  [
    ['a', 0, 0],
    ['a', 0, 0],
    ['b', 1, 0],
  ],
  [
    ['c', 2, 2],
    ['d', 0, 0],
  ],
  [
    ['e', 1, 1],
    ['e', 2, 0],
  ],
];

async function writeAll(change: Partial<RunRecord> = {}): Promise<void> {
  await writeRecord(change);
  for (const [fold, shorts] of folds.entries()) await writeFold(fold, shorts);
}

describe('evaluating a run', () => {
  it('pools the test nodules of all folds', async () => {
    await writeAll();
    const evaluation = await evaluateRun(folder);
    expect(evaluation).toMatchObject({
      accuracy: 5 / 7,
      majority: 3 / 7,
      majorityClass: 'benign',
      run: folder,
      text: 'random',
      data: 'phantom',
      nodules: 7,
      patients: 5,
      missingFolds: [],
      confusion: [
        [3, 0, 0],
        [1, 1, 0],
        [1, 0, 1],
      ],
      folds: [
        { fold: 0, accuracy: 2 / 3, nodules: 3, patients: 2 },
        { fold: 1, accuracy: 1, nodules: 2, patients: 2 },
        { fold: 2, accuracy: 1 / 2, nodules: 2, patients: 1 },
      ],
    });
    expect(evaluation.perClass).toMatchObject([
      { name: 'benign', recall: 1, precision: 3 / 5, f1: 0.75, support: 3 },
      { name: 'unsure', recall: 0.5, precision: 1, f1: 2 / 3, support: 2 },
      { name: 'malignant', recall: 0.5, precision: 1, f1: 2 / 3, support: 2 },
    ]);
    expect(evaluation.overFolds?.mean).toBeCloseTo(13 / 18, 12);
    const { wilson, byPatient } = evaluation.interval;
    for (const interval of [wilson, byPatient]) {
      expect(interval?.low).toBeLessThan(5 / 7);
      expect(interval?.high).toBeGreaterThan(5 / 7);
    }
  });

  it('puts the keys that programs rely on first, as plain JSON', async () => {
    await writeAll();
    const evaluation = await evaluateRun(folder);
    expect(Object.keys(evaluation).slice(0, 6)).toEqual([
      'accuracy',
      'majority',
      'perClass',
      'run',
      'text',
      'data',
    ]);
    for (const one of evaluation.perClass) {
      expect(Object.keys(one)).toEqual([
        'name',
        'recall',
        'precision',
        'f1',
        'auc',
        'support',
      ]);
    }
    expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
  });

  it('leaves the same in summary.json, and gives the same again', async () => {
    await writeAll();
    const evaluation = await evaluateRun(folder);
    expect(await readRunSummary(folder)).toEqual(evaluation);
    expect(await evaluateRun(folder)).toEqual(evaluation);
  });

  it('evaluates the folds that are there, and says which are not', async () => {
    await writeRecord({}, 3);
    await mkdir(foldPaths(folder, 0).folder);
    await writeFold(1, folds[1] ?? []);
    const evaluation = await evaluateRun(folder);
    expect(evaluation.missingFolds).toEqual([0, 2]);
    expect(evaluation.nodules).toBe(2);
    expect(evaluation.overFolds).toBeNull();
    expect(formatEvaluation(evaluation)).toContain(
      'folds without predictions, left out: 0, 2 (of 3)',
    );
  });

  it('has null, not NaN, for what one patient of one class cannot tell', async () => {
    await writeRecord({}, 1);
    await writeFold(0, [['a', 2, 1]]);
    const evaluation = await evaluateRun(folder);
    expect(evaluation.auc).toBeNull();
    expect(evaluation.interval.byPatient).toBeNull();
    expect(evaluation.perClass.map(({ auc }) => auc)).toEqual([
      null,
      null,
      null,
    ]);
    const text = formatEvaluation(evaluation);
    expect(text).not.toMatch(/NaN|null|undefined/);
    expect(text).toContain('\n\nno AUC where all nodules are of one class\n\n');
  });

  it('evaluates several, each into its own folder', async () => {
    await writeAll();
    const [first, second] = await evaluateRuns([folder, folder]);
    expect(first).toEqual(second);
    expect(first?.accuracy).toBe(5 / 7);
  });
});

describe('stopping an evaluation', () => {
  it('works whenever it comes, and leaves the summary as it was', async () => {
    await writeRecord({}, 2);
    for (const fold of [0, 1]) {
      await writeFold(
        fold,
        Array.from({ length: 600 }, (_one, i): Short => {
          return [`${fold}-${i}`, i % 3, (i >> 2) % 3];
        }),
      );
    }
    const expected = await evaluateRun(folder);
    const { summary } = runPaths(folder);
    await rm(summary);
    // A later turn of the event loop each time, until the evaluation is the first to end.
    let stops = 0;
    const stopAfter = async (turns: number): Promise<boolean> => {
      const stop = new AbortController();
      const evaluated = evaluateRun(folder, { signal: stop.signal }).then(
        (found) => {
          expect(found).toEqual(expected);
          return true;
        },
        (error: unknown) => {
          expect(error).toMatchObject({ name: 'AbortError' });
          stops++;
          return false;
        },
      );
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      stop.abort();
      return evaluated;
    };
    for (let turns = 0; !(await stopAfter(turns)); turns++) {
      await expect(readRunSummary(folder)).rejects.toThrow(MissingRunFileError);
    }
    // Each fold's file, each comparison of folds, six groups of figures, and twice in 2.4 million draws of patients.
    expect(stops).toBeGreaterThanOrEqual(12);
  });
});

describe('evaluating what the texts of the classes predicted', () => {
  it('leaves the evaluation of the head alone, and says which is which', async () => {
    await writeAll();
    const byHead = await evaluateRun(folder);
    // The fourth nodule, in the first row of fold 1, is wrong by texts alone.
    for (const [fold, shorts] of folds.entries()) {
      const rows = rowsOf(
        fold === 1 ? [['c', 2, 0], ...shorts.slice(1)] : shorts,
      );
      const paths = foldPaths(folder, fold, 'texts');
      await writePredictions(paths, { classes, rows }, origin);
    }
    const [byTexts] = await evaluateRuns([folder], { by: 'texts' });
    expect([byHead.by, byHead.accuracy]).toEqual(['head', 5 / 7]);
    expect([byTexts?.by, byTexts?.accuracy]).toEqual(['texts', 4 / 7]);
    expect(await readRunSummary(folder)).toEqual(byHead);
    expect(await readRunSummary(folder, 'texts')).toEqual(byTexts);
    const [title] = formatEvaluation(byTexts ?? byHead).split('\n');
    expect(title).toBe(
      'simulated nodules (phantom): these figures say nothing about patients; random text tower: its features mean nothing; classified by the texts of the classes',
    );
  });

  it('says who writes them where there are none', async () => {
    await writeAll();
    await expect(evaluateRun(folder, { by: 'texts' })).rejects.toThrow(
      /expected at least .*predictions-by-texts\.csv, which `clip-lung evaluate --by texts` writes/,
    );
  });

  it('names their file where they may not be pooled', async () => {
    await writeAll();
    for (const fold of [0, 1]) {
      const paths = foldPaths(folder, fold, 'texts');
      const rows = rowsOf([['a', 0, 0]]);
      await writePredictions(paths, { classes, rows }, origin);
    }
    await expect(evaluateRun(folder, { by: 'texts' })).rejects.toThrow(
      /fold-1.predictions-by-texts\.csv: nodule a\/0 was tested in fold 0/,
    );
  });
});

describe('refuses', () => {
  it('a folder that is no run', async () => {
    await expect(evaluateRun(folder)).rejects.toThrow(MissingRunFileError);
    await expect(evaluateRun(folder)).rejects.toThrow(
      /this is not a run folder/,
    );
  });

  it('a run without predictions yet', async () => {
    await writeRecord();
    await expect(evaluateRun(folder)).rejects.toThrow(NoPredictionsError);
    await expect(evaluateRun(folder)).rejects.toThrow(
      /none of the run's 3 folds has predictions yet/,
    );
  });

  it('a fold whose classes are others, or in another order', async () => {
    await writeAll();
    await writePredictions(
      foldPaths(folder, 1),
      {
        classes: ['unsure', 'benign', 'malignant'],
        rows: rowsOf([['z', 0, 0]]),
      },
      origin,
    );
    await expect(evaluateRun(folder)).rejects.toThrow(InconsistentRunError);
    await expect(evaluateRun(folder)).rejects.toThrow(
      /fold-1.predictions\.csv: the classes are unsure, benign, malignant, expected benign, unsure, malignant/,
    );
  });

  it('a nodule in two folds', async () => {
    await writeAll();
    await writeFold(2, folds[0]?.slice(0, 1) ?? []);
    await expect(evaluateRun(folder)).rejects.toThrow(InconsistentRunError);
    await expect(evaluateRun(folder)).rejects.toThrow(
      /fold-2.predictions\.csv: nodule a\/0 was tested in fold 0 already/,
    );
  });

  it('a patient in two folds, though with other nodules', async () => {
    await writeAll();
    await writeFold(2, [
      ['e', 1, 1],
      ['b', 1, 1],
    ]);
    await expect(evaluateRun(folder)).rejects.toThrow(PatientOverlapError);
    await expect(evaluateRun(folder)).rejects.toThrow(
      /fold-2.predictions\.csv: patient b was tested in fold 0 already/,
    );
  });

  it('a fold beyond those of the record', async () => {
    await writeAll();
    await writeFold(3, [['f', 0, 0]]);
    await expect(evaluateRun(folder)).rejects.toThrow(
      /fold-3: fold 3 is there, but the run's record has 3 folds \(0 to 2\)/,
    );
  });

  it('a damaged file, and keeps the summary that was there', async () => {
    await writeAll();
    await evaluateRun(folder);
    const before = await readFile(runPaths(folder).summary, 'utf8');
    await writeFile(foldPaths(folder, 1).predictions, 'nodule,patient\n');
    await expect(evaluateRun(folder)).rejects.toThrow(RunFileError);
    expect(await readFile(runPaths(folder).summary, 'utf8')).toBe(before);
  });

  it('predictions that were cut at the end of a row, or are of another run', async () => {
    await writeAll();
    const paths = foldPaths(folder, 0);
    const whole = await readFile(paths.predictions, 'utf8');
    const lines = whole.split('\n');
    await writeFile(paths.predictions, `${lines.slice(0, 3).join('\n')}\n`);
    await expect(evaluateRun(folder)).rejects.toThrow(
      /predictions\.csv: was damaged or changed after it was written/,
    );
    await writePredictions(
      paths,
      { classes, rows: rowsOf(folds[0] ?? []) },
      { ...origin, experimentDigest: 'f'.repeat(64) },
    );
    await expect(evaluateRun(folder)).rejects.toThrow(
      /predictions\.csv: belongs to another experiment than the run's record/,
    );
  });

  it('predictions without a digest, unless the run is of a version that had none, and then says so', async () => {
    await writeAll();
    const expected = await evaluateRun(folder);
    await rm(foldPaths(folder, 1).predictionsInfo);
    await expect(evaluateRun(folder)).rejects.toThrow(
      /fold-1.predictions\.csv: has no digest/,
    );
    const file = runPaths(folder).experiment;
    const { sha256, ...record } = JSON.parse(
      await readFile(file, 'utf8'),
    ) as Readonly<Record<string, unknown>>;
    expect(sha256).toBeDefined();
    await writeFile(file, JSON.stringify({ ...record, formatVersion: 1 }));
    const notes: string[] = [];
    const onNote = (message: string): void => void notes.push(message);
    expect(await evaluateRun(folder, { onNote })).toEqual(expected);
    expect(notes).toEqual([
      `${folder}: the predictions of fold 1 have no digest, like all predictions of earlier versions: nothing shows whether they are whole`,
    ]);
  });

  it('a summary that cannot be written, unless somebody is told', async () => {
    await writeAll();
    const expected = await evaluateRun(folder);
    const { summary } = runPaths(folder);
    await rm(summary);
    await mkdir(join(summary, 'in the way'), { recursive: true });
    await expect(evaluateRun(folder)).rejects.toThrow(FileWriteError);
    const told: string[] = [];
    const onUnwritten = ({ file }: FileWriteError): void => {
      told.push(file);
    };
    expect(await evaluateRun(folder, { onUnwritten })).toEqual(expected);
    expect(told).toEqual([summary]);
  });
});

describe('the report', () => {
  it('is a table for a terminal', async () => {
    await writeAll();
    const evaluation = await evaluateRun(folder);
    const text = formatEvaluation({ ...evaluation, run: 'runs/demo' });
    expect(text)
      .toBe(`simulated nodules (phantom): these figures say nothing about patients; random text tower: its features mean nothing; classified by the head

accuracy  71.4 %  (95 % interval 35.9 to 91.8 %; 40.0 to 100.0 % when patients are resampled)
majority  42.9 %  (always "benign", the most frequent class of these nodules; the interval includes it)
calibration error 0.086, Brier score 0.460; 7 test nodules of 5 patients, subset A

class       recall  precision      F1    AUC  support
benign     100.0 %     60.0 %  75.0 %  0.750        3
unsure      50.0 %    100.0 %  66.7 %  0.750        2
malignant   50.0 %    100.0 %  66.7 %  0.750        2
macro       66.7 %     86.7 %  69.4 %  0.750        7

true \\ predicted  benign  unsure  malignant
benign                 3       0          0
unsure                 1       1          0
malignant              1       0          1

fold  accuracy  nodules  patients
0       66.7 %        3         2
1      100.0 %        2         2
2       50.0 %        2         1
mean ± standard deviation over 3 folds: 72.2 ± 25.5 %

runs/demo`);
  });

  it.each([
    [
      { text: 'clip', textModel: 'clip-vit-base-patch16' },
      'text tower clip-vit-base-patch16',
    ],
    [{ text: 'none', textModel: '' }, 'no text tower'],
    [{ text: 'random' }, 'random text tower: '],
  ] as const)('says which text tower: %o', async (change, words) => {
    await writeAll(change);
    const [title] = formatEvaluation(await evaluateRun(folder)).split('\n');
    expect(title).toContain(words);
  });

  it.each([
    ['lidc-idri', 'LIDC-IDRI; '],
    ['nodulemnist3d', 'NoduleMNIST3D, made of LIDC-IDRI; '],
    ['other', 'a collection other than LIDC-IDRI; '],
  ] as const)('says which data: %s', async (collection, words) => {
    await writeAll({
      data: { collection, folder: '', nodules: 7, subset: 'A', folds: 3 },
    });
    const text = formatEvaluation(await evaluateRun(folder));
    expect(text.startsWith(words)).toBe(true);
    expect(text).not.toContain('simulated');
  });

  it.each([
    [4, 'the interval lies below it'],
    [20, 'the interval includes it'],
    [36, 'the interval lies above it'],
  ])(
    'holds %i right of 40 against a majority of half',
    async (right, words) => {
      await writeRecord({}, 1);
      await writeFold(
        0,
        Array.from({ length: 40 }, (_one, index): Short => {
          const label = index % 2;
          return [`p${index}`, label, index < right ? label : 1 - label];
        }),
      );
      expect(formatEvaluation(await evaluateRun(folder))).toContain(words);
    },
  );

  it('has no figure for a class without nodules', async () => {
    await writeRecord({}, 1);
    await writeFold(0, [
      ['a', 0, 0],
      ['b', 2, 1],
    ]);
    const lines = formatEvaluation(await evaluateRun(folder)).split('\n');
    expect(lines.find((line) => line.startsWith('unsure '))).toMatch(
      /^unsure +– +– +– +– +0$/,
    );
  });

  it('puts runs side by side', async () => {
    await writeAll();
    const one = await evaluateRun(folder);
    expect(
      formatComparison([
        { ...one, run: 'runs/a' },
        { ...one, run: 'runs/longer', missingFolds: [3, 4] },
      ]),
    )
      .toBe(`run          data       text    by    accuracy   95 % interval  majority  macro F1    AUC  nodules   folds
runs/a       phantom A  random  head    71.4 %  35.9 to 91.8 %    42.9 %    69.4 %  0.750        7       3
runs/longer  phantom A  random  head    71.4 %  35.9 to 91.8 %    42.9 %    69.4 %  0.750        7  3 of 5`);
  });
});
