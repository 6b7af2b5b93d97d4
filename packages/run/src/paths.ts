import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isMissing } from '@clip-lung/tensor/node';

import type { ClassifiedBy } from './classified-by.js';

/** The files of a run folder that belong to the run as a whole. */
export interface RunPaths {
  readonly folder: string;
  /** the resolved experiment, and what it ran on: a {@link RunRecord} */
  readonly experiment: string;
  /** what `evaluate` found: a {@link RunSummary} */
  readonly summary: string;
  readonly report: string;
  /** the sources of the plugins that it was trained with: {@link writeKeptFiles} */
  readonly plugins: string;
}

/** The two files of a checkpoint. */
export interface CheckpointPaths {
  /** everything that reading needs */
  readonly tensors: string;
  /** what the checkpoint says of itself, for people: nothing reads it */
  readonly info: string;
}

export const checkpointNames = ['last', 'best'] as const;

export type CheckpointName = (typeof checkpointNames)[number];

/** The files of one fold. */
export interface FoldPaths
  extends Readonly<Record<CheckpointName, CheckpointPaths>> {
  /** counted from 0 */
  readonly fold: number;
  readonly folder: string;
  /** one JSON object a line and epoch: {@link EpochMetrics} */
  readonly metrics: string;
  /** one row a test nodule: {@link Predictions} */
  readonly predictions: string;
  /** what the predictions are of, and their digest, which a CSV file has no place for */
  readonly predictionsInfo: string;
  /** what the predictions are of */
  readonly by: ClassifiedBy;
  readonly checkpoints: string;
}

/** What file names have before their extension: nothing for the head. */
function suffixOf(by: ClassifiedBy): string {
  return by === 'head' ? '' : `-by-${by}`;
}

/** Where a run keeps sources, seen from its folder. */
export const keptFolder = 'plugins';

/** The names of a run's files; nothing is read or made. @param by what the summary is of */
export function runPaths(folder: string, by: ClassifiedBy = 'head'): RunPaths {
  return {
    folder,
    experiment: join(folder, 'experiment.json'),
    summary: join(folder, `summary${suffixOf(by)}.json`),
    report: join(folder, 'report.html'),
    plugins: join(folder, keptFolder),
  };
}

/**
 * The names of a fold's files; nothing is read or made.
 *
 * @param fold counted from 0
 * @param by   what the predictions are of
 */
export function foldPaths(
  folder: string,
  fold: number,
  by: ClassifiedBy = 'head',
): FoldPaths {
  const own = join(folder, `fold-${fold}`);
  const checkpoints = join(own, 'checkpoints');
  const checkpoint = (name: CheckpointName): CheckpointPaths => ({
    tensors: join(checkpoints, `${name}.safetensors`),
    info: join(checkpoints, `${name}.json`),
  });
  return {
    fold,
    folder: own,
    metrics: join(own, 'metrics.jsonl'),
    predictions: join(own, `predictions${suffixOf(by)}.csv`),
    predictionsInfo: join(own, `predictions${suffixOf(by)}.json`),
    by,
    checkpoints,
    last: checkpoint('last'),
    best: checkpoint('best'),
  };
}

/** What a process holds while it trains a fold. */
export function lockFile(folder: string, fold: number): string {
  return join(folder, `fold-${fold}.lock`);
}

/** The names of what {@link lockFile} gives. */
export const lockName = /^fold-\d+\.lock$/;

/** The folds that have a folder, in order; none where the run's folder is missing. */
export async function listFolds(folder: string): Promise<readonly number[]> {
  try {
    const names = await readdir(folder);
    return names
      .flatMap((name) => /^fold-(0|[1-9]\d*)$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
