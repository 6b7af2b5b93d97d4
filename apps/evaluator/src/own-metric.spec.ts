import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { confusionMatrix, measure, type Metric } from '@clip-lung/metrics';
import {
  experimentDigest,
  foldPaths,
  readRunSummary,
  writePredictions,
  writeRunRecord,
} from '@clip-lung/run';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { evaluateRun, formatComparison, formatEvaluation } from './index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-metric-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the example of a metric', () => {
  it('is scikit-learn’s quadratic kappa', () => {
    for (const one of scikitLearn()) {
      const { labels, predictions, probabilities, confusion } = one;
      const { value } = measure(quadraticKappa, {
        classes: confusion.map((_row, k) => `class ${k}`),
        areOrdered: true,
        labels,
        predictions,
        probabilities,
        confusion: confusionMatrix(labels, predictions, confusion.length),
      });
      expect(value).toBeCloseTo(one.quadraticKappa, 12);
    }
  });

  it('is a key of the summary, with its interval, and leaves all others as they are', async () => {
    await writeRun(nodules);
    const alone = await evaluateRun(folder);
    const evaluation = await evaluateRun(folder, { metrics });
    // By scikit-learn.
    const value = 0.4927536231884059;
    const {
      quadraticKappa: found,
      intervals,
      ...rest
    } = evaluation as {
      readonly quadraticKappa?: number;
    } & typeof evaluation;
    expect(found).toBeCloseTo(value, 12);
    expect(rest).toEqual(alone);
    expect(Object.keys(intervals ?? {})).toEqual(['quadraticKappa']);
    expect(intervals?.['quadraticKappa']?.low).toBeLessThan(value);
    expect(intervals?.['quadraticKappa']?.high).toBeGreaterThan(value);
    expect(await readRunSummary(folder)).toEqual(evaluation);
  });

  it('stands in the report, and in the table of runs', async () => {
    await writeRun(nodules);
    const evaluation = await evaluateRun(folder, { metrics });
    expect(formatEvaluation(evaluation, { metrics })).toMatch(
      /\ncalibration error 0\.086, Brier score 0\.460, quadratic kappa 0\.493 \(-?\d\.\d{3} to \d\.\d{3} when patients are resampled\); 7 test nodules of 5 patients/,
    );
    const [title, row] = formatComparison([evaluation], { metrics }).split(
      '\n',
    );
    expect(title).toMatch(/macro F1 +AUC +quadratic kappa +nodules/);
    expect(row).toMatch(/69\.4 % +0\.750 +0\.493 +7/);
  });

  it('has no value where the run’s classes have no order, and has one in runs that do not say', async () => {
    await writeRun(nodules, false);
    const none = await evaluateRun(folder, { metrics });
    expect(none).toMatchObject({ quadraticKappa: null });
    await writeRun(nodules);
    const ordered = await evaluateRun(folder, { metrics });
    expect(ordered).not.toMatchObject({ quadraticKappa: null });
  });

  it('is said to have no value where all nodules are of one class', async () => {
    await writeRun([
      ['a', 1, 1],
      ['b', 1, 1],
    ]);
    const evaluation = await evaluateRun(folder, { metrics });
    expect(evaluation).toMatchObject({ quadraticKappa: null });
    expect(await readRunSummary(folder)).toEqual(evaluation);
    expect(formatEvaluation(evaluation, { metrics })).toContain(
      '\n\nno AUC where all nodules are of one class\nno quadratic kappa where the classes have no order, or all nodules are of one class, and are predicted as it\n\n',
    );
  });
});

describe('a metric with figures of single classes', () => {
  it('has a column in the table of classes, behind the built-in ones', async () => {
    await writeRun(nodules);
    const share: Metric = {
      name: 'predictedShare',
      label: 'share',
      shownAs: 'percent',
      range: [0, 1],
      better: 'higher',
      perClass: { name: 'share', label: 'predicted' },
      measure: ({ classes: names, predictions }) => ({
        value: 1,
        perClass: names.map(
          (_name, k) =>
            predictions.filter((one) => one === k).length / predictions.length,
        ),
      }),
    };
    const evaluation = await evaluateRun(folder, { metrics: [share] });
    expect(evaluation.perClass[0]).toMatchObject({ share: 5 / 7 });
    expect(formatEvaluation(evaluation, { metrics: [share] })).toContain(
      `class       recall  precision      F1    AUC  predicted  support
benign     100.0 %     60.0 %  75.0 %  0.750     71.4 %        3`,
    );
  });
});

describe('refuses', () => {
  it.each<[string, Partial<Metric>, RegExp]>([
    ['a name of the summary', { name: 'folds' }, /"folds", which the summary/],
    ['a built-in name', { name: 'accuracy' }, /"accuracy", which the summary/],
    [
      'a built-in name of classes',
      { perClass: ofClasses('f1') },
      /"f1", which/,
    ],
    ['a name of classes', { perClass: ofClasses('support') }, /"support", whi/],
    ['a name with signs', { name: '__proto__' }, /is "__proto__", expected a/],
    ['a value out of range', { measure: () => ({ value: 2 }) }, /gives 2, exp/],
  ])('%s', async (_what, change, message) => {
    await writeRun(nodules);
    const wrong = { ...quadraticKappa, ...change };
    await expect(evaluateRun(folder, { metrics: [wrong] })).rejects.toThrow(
      message,
    );
  });

  it('the same metric twice', async () => {
    await writeRun(nodules);
    await expect(
      evaluateRun(folder, { metrics: [quadraticKappa, quadraticKappa] }),
    ).rejects.toThrow(/"quadraticKappa", which the summary already has/);
  });

  it('to show a metric that was not measured', async () => {
    await writeRun(nodules);
    const evaluation = await evaluateRun(folder);
    expect(() => formatEvaluation(evaluation, { metrics })).toThrow(
      'the evaluation has no quadratic kappa ("quadraticKappa"); expected one in which it was measured',
    );
  });
});

const { default: quadraticKappa } = (await import(
  new URL('../../../examples/metric/quadratic-kappa.ts', import.meta.url).href
)) as { readonly default: Metric };
const metrics = [quadraticKappa];

function ofClasses(name: string): NonNullable<Metric['perClass']> {
  return { name, label: name };
}

const classes = ['benign', 'unsure', 'malignant'] as const;

type Short = readonly [patient: string, label: number, prediction: number];

/** Seven nodules of five patients; five are right. */
const nodules: readonly Short[] = [
  ['a', 0, 0],
  ['a', 0, 0],
  ['b', 1, 0],
  ['c', 2, 2],
  ['d', 0, 0],
  ['e', 1, 1],
  ['e', 2, 0],
];

/** A run of one fold. */
async function writeRun(
  shorts: readonly Short[],
  ordered?: boolean,
): Promise<void> {
  await writeRunRecord(folder, {
    formatVersion: 2,
    experiment: {},
    data: {
      collection: 'phantom',
      folder: 'dataset',
      nodules: shorts.length,
      subset: 'A',
      folds: 1,
    },
    text: 'random',
    textModel: 'random',
    textSha256: null,
    classes,
    ordered,
    engine: 'onnx',
    device: 'cpu',
    software: {},
  });
  await writePredictions(
    foldPaths(folder, 0),
    {
      classes,
      rows: shorts.map(([patient, label, prediction], index) => ({
        nodule: `${patient}/${index}`,
        patient,
        label,
        prediction,
        probabilities: classes.map((_name, k) =>
          k === prediction ? 0.8 : 0.1,
        ),
      })),
    },
    {
      experimentDigest: experimentDigest({}),
      dataset: 'd'.repeat(64),
    },
  );
}

function scikitLearn(): readonly {
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly probabilities: readonly (readonly number[])[];
  readonly confusion: readonly (readonly number[])[];
  readonly quadraticKappa: number;
}[] {
  const file = '../../../packages/metrics/fixtures/scikit-learn.json';
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return (JSON.parse(text) as { cases: ReturnType<typeof scikitLearn> }).cases;
}
