import {
  decodeSafetensors,
  encodeSafetensors,
  type NdArray,
  notFiniteProblem,
} from '@clip-lung/tensor';
import {
  type DigestPlace,
  noDigest,
  ownDigestProblem,
  putOwnDigest,
  writeFileAtomic,
} from '@clip-lung/tensor/node';
import { z } from 'zod';

import { RunFileError } from './error.js';
import {
  formatVersion,
  runFormatVersion,
  type RunFormatVersion,
} from './format-version.js';
import { checkJson, expectVersion, fromJson, toJson } from './json.js';
import { readRunFile } from './missing.js';
import { expectOrigin, type FileOrigin, type RunOrigin } from './origin.js';
import type { CheckpointName, FoldPaths } from './paths.js';

/** What a checkpoint of any version says of itself. */
interface AnyCheckpointInfo {
  /** epochs done: the epoch to go on with, counted from 0 */
  readonly epoch: number;
  /** optimiser steps done */
  readonly step: number;
  /** the best epoch so far, by validation; null where the fold holds no nodules out for it */
  readonly best: BestEpoch | null;
  /** what is done of the epoch to go on with; undefined at its start */
  readonly within?: EpochPart | undefined;
  /** of the experiment that the checkpoint belongs to, by `experimentDigest` */
  readonly experimentDigest: string;
  readonly [further: string]: unknown;
}

/** What a checkpoint says of itself. Further fields are kept as they are. */
export interface CheckpointInfo extends AnyCheckpointInfo, FileOrigin {
  /** hex SHA-256 of `metrics.jsonl` with the lines of the epochs done; null where nobody kept one */
  readonly metrics: string | null;
}

/** What a checkpoint that is read says of itself: those of version 1 carry no digest, and do not say what they are of. */
export interface ReadCheckpointInfo
  extends AnyCheckpointInfo,
    Partial<FileOrigin> {
  readonly formatVersion: RunFormatVersion;
  readonly experimentDigest: string;
  readonly metrics?: string | null;
}

/** What is done of an epoch in which a run was stopped. */
export interface EpochPart {
  /** steps of the epoch that are done */
  readonly steps: number;
  /** what they took */
  readonly seconds: number;
  /** over the batches of these steps */
  readonly sums: EpochTotals;
}

/** Sums over batches of an epoch, of which its means are made. */
export interface EpochTotals {
  readonly loss: number;
  /** nodules, and those that were classified rightly */
  readonly nodules: number;
  readonly right: number;
  /** by the name of the loss */
  readonly terms: Readonly<Record<string, number>>;
  /** norms of the gradients, of as many steps; where they are clipped */
  readonly gradientNorm?: number | undefined;
}

export interface BestEpoch {
  /** counted from 0 */
  readonly epoch: number;
  /** on the validation nodules, fraction in 0..1 */
  readonly accuracy: number;
  readonly loss: number;
  /** of the metric that chooses the best epoch, as {@link EpochValidation} has it */
  readonly score?: number | null | undefined;
}

export interface Checkpoint {
  /** the whole state by dotted path: parameters, batch-norm statistics, optimiser, average */
  readonly tensors: ReadonlyMap<string, NdArray>;
  readonly info: ReadCheckpointInfo;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');

const later = {
  fold: z.int().nonnegative(),
  dataset: sha256,
  metrics: sha256.nullable(),
};

const checkpointInfo = z.looseObject({
  formatVersion,
  epoch: z.int().nonnegative(),
  step: z.int().nonnegative(),
  best: z
    .strictObject({
      epoch: z.int().nonnegative(),
      accuracy: z.number().min(0).max(1),
      loss: z.number(),
      score: z.number().nullable().optional(),
    })
    .nullable(),
  within: z
    .strictObject({
      steps: z.int().positive(),
      seconds: z.number().nonnegative(),
      sums: z.strictObject({
        loss: z.number(),
        nodules: z.int().positive(),
        right: z.int().nonnegative(),
        terms: z.record(z.string(), z.number()),
        gradientNorm: z.number().nonnegative().optional(),
      }),
    })
    .optional(),
  experimentDigest: z.string().min(1),
});

/** The entries of the `.safetensors` metadata that hold the info, and the digest of the file. */
const infoKey = 'clip-lung.checkpoint';
const digestKey = 'clip-lung.sha256';

/** The metadata stands first, and quotes inside of other texts have a backslash before them. */
const place: DigestPlace = { label: `"${digestKey}":"`, which: 'first' };

/**
 * Writes a checkpoint. Its info and the digest of the whole go into the `.safetensors` file itself, so that all is replaced
 * together; the `.json` beside it is a copy for people, which nothing reads.
 *
 * @param paths `foldPaths(…)`
 * @throws `RunFileError` for info that could not be read back, or a tensor that holds what is not finite
 */
export async function writeCheckpoint(
  paths: FoldPaths,
  name: CheckpointName,
  tensors: Iterable<readonly [path: string, array: NdArray]>,
  info: CheckpointInfo,
): Promise<void> {
  const files = paths[name];
  const own = { ...info, formatVersion: runFormatVersion };
  const text = toJson(own);
  parseInfo(text, files.tensors);
  const arrays = [...tensors];
  expectFiniteTensors(arrays, files.tensors);
  const bytes = encodeSafetensors(arrays, {
    [digestKey]: noDigest,
    [infoKey]: text,
  });
  putOwnDigest(bytes, place);
  await writeFileAtomic(files.tensors, bytes);
  await writeFileAtomic(files.info, `${toJson(own, 2)}\n`);
}

/**
 * @param paths `foldPaths(…)`
 * @param run   what the checkpoint has to be of
 * @throws `MissingRunFileError` when there is no such checkpoint; `FileFormatError` when it is damaged, of another fold, or
 *   of another run, or holds weights that are not finite
 */
export async function readCheckpoint(
  paths: FoldPaths,
  name: CheckpointName,
  run?: RunOrigin,
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
      `the metadata lacks "${infoKey}", found ${quoteList(Object.keys(metadata))}: this is not a checkpoint of a run`,
    );
  }
  const info = parseInfo(text, file);
  if (info.formatVersion === runFormatVersion || digestKey in metadata) {
    const problem = ownDigestProblem(bytes, place);
    if (problem !== undefined) throw new RunFileError(file, problem);
  }
  expectOrigin(info, { fold: paths.fold, run }, file);
  expectFiniteTensors(tensors, file);
  return { tensors, info };
}

/**
 * Holds the best checkpoint of a fold against its last one. Where a run was stopped between the two, the best may be of the
 * epoch that comes next.
 *
 * @throws `RunFileError` for one of another epoch
 */
export function expectBest(
  best: ReadCheckpointInfo,
  last: ReadCheckpointInfo,
  { best: { tensors: file } }: FoldPaths,
): void {
  const epoch = best.epoch - 1;
  const isOwn = best.best?.epoch === epoch;
  if (isOwn && [last.best?.epoch, last.epoch].includes(epoch)) return;
  throw new RunFileError(
    file,
    `is of epoch ${epoch}, but the fold's last checkpoint says that epoch ${last.best?.epoch ?? 'none'} was the best; put the fold's own file back`,
  );
}

function parseInfo(text: string, file: string): ReadCheckpointInfo {
  const value = fromJson(text, file);
  expectVersion(value, file);
  const info = checkJson(value, checkpointInfo, file);
  return info.formatVersion === runFormatVersion
    ? checkJson(value, checkpointInfo.extend(later), file)
    : { ...info, formatVersion: 1 };
}

function expectFiniteTensors(
  tensors: Iterable<readonly [path: string, array: NdArray]>,
  file: string,
): void {
  const problem = notFiniteProblem(tensors);
  if (problem === undefined) return;
  throw new RunFileError(
    file,
    `${problem}: the training has diverged, and the model is of no use; train again with a lower training.learningRate`,
  );
}

function quoteList(names: readonly string[]): string {
  return names.length === 0
    ? 'none'
    : names.map((name) => `"${name}"`).join(', ');
}
