import { resolve } from 'node:path';

import {
  experimentDigest,
  isOfRun,
  listFolds,
  MissingRunFileError,
  readRunRecord,
  readRunState,
  readRunSummary,
  type RunRecord,
  runPaths,
  type RunSummary,
} from '@clip-lung/run';

import { hyperparametersOf, lastName } from '../hyperparameters.js';
import { type NamedNumber, numbersOf } from '../numbers.js';
import {
  readTrackedFold,
  testAccuracy,
  type TrackedFold,
  writtenAt,
} from '../tracked-fold.js';
import { UnfinishedRunError } from './error.js';
import { mlflowNames } from './names.js';

/** A key and its value, as MLflow's requests have them. */
export interface MlflowEntry {
  readonly key: string;
  readonly value: string;
}

export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  /** milliseconds since 1970 */
  readonly timestamp: number;
  /** the epoch, counted from 0 */
  readonly step: number;
}

/** A run as MLflow is to have it. */
export interface MlflowRun {
  readonly name: string;
  /** hex SHA-256 of parameters and metrics, whenever they were measured */
  readonly digest: string;
  readonly params: readonly MlflowEntry[];
  readonly tags: readonly MlflowEntry[];
  readonly metrics: readonly MlflowMetric[];
  /** milliseconds since 1970 */
  readonly start: number;
  readonly end: number;
  /** what was left out or cut, for whoever exports */
  readonly notes: readonly string[];
}

/** Characters of a parameter. */
const longestParam = 6000;

/**
 * Reads a run of which no fold is under way. Metrics: `fold-0/…` for each number of an epoch, and `summary/…` for those of the
 * evaluation. Of paths only the last names are told.
 *
 * @throws {@link UnfinishedRunError} for a run that is trained, was stopped within a fold, or has not begun; `RunFileError`
 */
export async function readMlflowRun(run: string): Promise<MlflowRun> {
  const record = await readRunRecord(run);
  const folds = await finishedFolds(run, record);
  const summary = await summaryOf(run, record);
  const numbers = [
    ...folds.flatMap(numbersOfFold),
    ...(summary === undefined
      ? []
      : numbersOfSummary(summary.found, summary.time)),
  ];
  const names = mlflowNames(numbers.map(({ key }) => key));
  const metrics = numbers.map((one) => ({
    ...one,
    key: names.get(one.key) ?? one.key,
  }));
  const { params, cut } = paramsOf(record);
  const times = metrics.map(({ timestamp }) => timestamp);
  const end = times.reduce((a, b) => Math.max(a, b), 0);
  return {
    name: lastName(resolve(run)),
    digest: experimentDigest({
      params,
      metrics: metrics.map(({ key, value, step }) => [key, value, step]),
    }),
    params,
    metrics,
    tags: tagsOf(record, folds),
    start: times.reduce((a, b) => Math.min(a, b), end),
    end,
    notes: [
      ...cut.map(
        (key) =>
          `${run}: ${key} is longer than MLflow's ${longestParam} characters, and is cut`,
      ),
      ...(summary === undefined
        ? [
            `${run}: is not evaluated, so its figures are those of training alone; \`clip-lung evaluate\` measures it`,
          ]
        : []),
    ],
  };
}

async function finishedFolds(
  run: string,
  record: RunRecord,
): Promise<readonly TrackedFold[]> {
  const { state, epochs } = await readRunState(run);
  if (state === 'training') {
    throw new UnfinishedRunError(
      `${run}: is being trained; export it when it is done`,
    );
  }
  const folds: TrackedFold[] = [];
  for (const fold of await listFolds(run)) {
    const found = await readTrackedFold(run, record, fold);
    if (found.test === null && found.epochs.length > 0) {
      throw new UnfinishedRunError(
        `${run}: fold ${fold} was stopped after ${found.epochs.length} of ${epochs?.of ?? 'its'} epochs; go on with train --resume, and export it when it is done`,
      );
    }
    if (found.test !== null) folds.push(found);
  }
  if (folds.length > 0) return folds;
  throw new UnfinishedRunError(
    `${run}: no fold of it is trained yet; there is nothing to export`,
  );
}

/** Undefined where the run was not evaluated, or not since it was given more epochs. */
async function summaryOf(
  run: string,
  record: RunRecord,
): Promise<{ readonly found: RunSummary; readonly time: number } | undefined> {
  try {
    const found = await readRunSummary(run);
    if (!isOfRun(found, record)) return undefined;
    return { found, time: (await writtenAt(runPaths(run).summary)) ?? 0 };
  } catch (error) {
    if (error instanceof MissingRunFileError) return undefined;
    throw error;
  }
}

function numbersOfFold({
  fold,
  epochs,
  test,
}: TrackedFold): readonly MlflowMetric[] {
  const at =
    (step: number, time: number) =>
    ([name, value]: NamedNumber): MlflowMetric => ({
      ...{ key: `fold-${fold}/${name}`, value, step },
      timestamp: Math.round(time * 1000),
    });
  const last = epochs.at(-1)?.epoch ?? 0;
  return [
    ...epochs.flatMap(({ epoch, time, numbers }) =>
      numbers.map(at(epoch, time)),
    ),
    ...(test === null
      ? []
      : [at(last, test.time)([testAccuracy, test.accuracy])]),
  ];
}

function numbersOfSummary(
  { formatVersion: _, perClass, ...summary }: RunSummary,
  time: number,
): readonly MlflowMetric[] {
  const classes = perClass.flatMap(({ name, ...figures }) =>
    numbersOf(figures, `class/${name}`),
  );
  return [...numbersOf(summary), ...classes].map(([name, value]) => ({
    ...{ key: `summary/${name}`, value, step: 0 },
    timestamp: Math.round(time * 1000),
  }));
}

function paramsOf({ experiment }: RunRecord): {
  readonly params: readonly MlflowEntry[];
  readonly cut: readonly string[];
} {
  const values = Object.entries(hyperparametersOf(experiment));
  const names = mlflowNames(values.map(([path]) => path));
  const cut: string[] = [];
  const params = values.map(([path, value]) => {
    const letters = Array.from(String(value));
    if (letters.length > longestParam) cut.push(path);
    return {
      key: names.get(path) ?? path,
      value:
        letters.length > longestParam
          ? `${letters.slice(0, longestParam - 1).join('')}…`
          : letters.join(''),
    };
  });
  return { params, cut };
}

/** What the server is to find a run by that was exported before. */
export const digestTag = 'clip_lung.digest';

function tagsOf(
  record: RunRecord,
  folds: readonly TrackedFold[],
): readonly MlflowEntry[] {
  const { data, software } = record;
  const tags: readonly (readonly [string, string | null | undefined])[] = [
    ['mlflow.source.name', 'clip-lung train'],
    ['mlflow.source.type', 'LOCAL'],
    ['clip_lung.experiment', experimentDigest(record.experiment)],
    ['clip_lung.dataset', lastName(data.folder)],
    ['clip_lung.dataset_sha256', data.sha256],
    ['clip_lung.collection', data.collection],
    ['clip_lung.subset', data.subset],
    ['clip_lung.nodules', String(data.nodules)],
    ['clip_lung.folds', folds.map(({ fold }) => fold).join(' ')],
    ['clip_lung.classes', record.classes.join(', ')],
    ['clip_lung.text', record.text],
    ['clip_lung.text_model', lastName(record.textModel)],
    ['clip_lung.text_sha256', record.textSha256],
    ['clip_lung.engine', record.engine],
    ['clip_lung.device', record.device],
    ...Object.entries(software).map(
      ([name, version]) => [`clip_lung.software.${name}`, version] as const,
    ),
  ];
  const names = mlflowNames(tags.map(([name]) => name));
  return tags.flatMap(([name, value]) =>
    value === null || value === undefined || value === ''
      ? []
      : [{ key: names.get(name) ?? name, value: value.slice(0, 5000) }],
  );
}
