import {
  decodeSafetensors,
  encodeSafetensors,
  type NdArray,
} from '@clip-lung/tensor';
import { writeFileAtomic } from '@clip-lung/tensor/node';
import { z } from 'zod';

import { RunFileError } from './error.js';
import { parseJson, toJson } from './json.js';
import { readRunFile } from './missing.js';
import type { CheckpointName, FoldPaths } from './paths.js';
import { runFormatVersion } from './record.js';

/** What a checkpoint says of itself. Further fields are kept as they are. */
export interface CheckpointInfo {
  readonly formatVersion: typeof runFormatVersion;
  /** epochs done: the epoch to go on with, counted from 0 */
  readonly epoch: number;
  /** optimiser steps done */
  readonly step: number;
  /** the best epoch so far, by validation; null where the fold holds no nodules out for it */
  readonly best: BestEpoch | null;
  /** of the experiment that the checkpoint belongs to, by `experimentDigest` */
  readonly experimentDigest: string;
  readonly [further: string]: unknown;
}

export interface BestEpoch {
  /** counted from 0 */
  readonly epoch: number;
  /** on the validation nodules, fraction in 0..1 */
  readonly accuracy: number;
  readonly loss: number;
}

export interface Checkpoint {
  /** the whole state by dotted path: parameters, batch-norm statistics, optimiser, average */
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly info: CheckpointInfo;
}

const checkpointInfo = z.looseObject({
  formatVersion: z.literal(runFormatVersion),
  epoch: z.int().nonnegative(),
  step: z.int().nonnegative(),
  best: z
    .strictObject({
      epoch: z.int().nonnegative(),
      accuracy: z.number().min(0).max(1),
      loss: z.number(),
    })
    .nullable(),
  experimentDigest: z.string().min(1),
}) satisfies z.ZodType<CheckpointInfo>;

/** The entry of the `.safetensors` metadata that holds the info. */
const infoKey = 'clip-lung.checkpoint';

/**
 * Writes a checkpoint. Its info goes into the `.safetensors` file itself, so tensors and info are replaced together;
 * the `.json` beside it is a copy for people, which nothing reads.
 *
 * @param paths `foldPaths(…)`
 */
export async function writeCheckpoint(
  paths: FoldPaths,
  name: CheckpointName,
  tensors: Iterable<readonly [path: string, array: NdArray]>,
  info: CheckpointInfo,
): Promise<void> {
  const files = paths[name];
  const text = toJson(info);
  parseJson(text, checkpointInfo, files.tensors);
  const bytes = encodeSafetensors(tensors, { [infoKey]: text });
  await writeFileAtomic(files.tensors, bytes);
  await writeFileAtomic(files.info, `${toJson(info, 2)}\n`);
}

/**
 * @param paths `foldPaths(…)`
 * @throws `MissingRunFileError` when there is no such checkpoint, `FileFormatError` when it is damaged
 */
export async function readCheckpoint(
  paths: FoldPaths,
  name: CheckpointName,
): Promise<Checkpoint> {
  const file = paths[name].tensors;
  const bytes = await readRunFile(
    file,
    `there is no such file: fold ${paths.fold} has no ${name} checkpoint; train the fold first`,
  );
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const text = metadata[infoKey];
  if (text === undefined) {
    throw new RunFileError(
      file,
      `the metadata lacks "${infoKey}", found ${quoteList(Object.keys(metadata))}: this is no checkpoint of a run`,
    );
  }
  const info = parseJson(text, checkpointInfo, file, runFormatVersion);
  return { tensors, info };
}

function quoteList(names: readonly string[]): string {
  return names.length === 0
    ? 'none'
    : names.map((name) => `"${name}"`).join(', ');
}
