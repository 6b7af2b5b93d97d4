import { readdir } from 'node:fs/promises';

import { FileReadError, isMissing } from '@clip-lung/tensor/node';

import { InputError } from '../../errors.js';
import { partialFolderOf } from '../scratch/partial-folder.js';
import { shardProgressFile } from './shard-progress.js';
import { readPlan, type ShardPlan } from './shard-plan.js';
import { doneShards } from './shard-record.js';
import { type Shard, shownShard } from './shard.js';

/** How far a dataset is that is prepared in shards. */
export interface ShardState {
  /** where the shards keep what they have made */
  readonly folder: string;
  readonly shards: number;
  /** from 1 */
  readonly done: readonly number[];
  readonly missing: readonly number[];
}

/**
 * Which shards of a dataset are done, by what is in the folder that they share.
 *
 * @param out the dataset folder
 * @returns undefined where no shard has begun, and when the dataset was made of them
 * @throws `InputError` for a folder that is damaged, `FileReadError` for one that the system does not let be read
 */
export async function shardState(out: string): Promise<ShardState | undefined> {
  const folder = await partialFolderOf(out);
  const plan = await readPlan(folder);
  return plan && stateOf(folder, plan);
}

export async function stateOf(
  folder: string,
  { shards }: Pick<ShardPlan, 'shards'>,
): Promise<ShardState> {
  const done = doneShards(folder, await filesIn(folder), shards);
  const all = Array.from({ length: shards }, (_, i) => i + 1);
  const missing = all.filter((shard) => !done.includes(shard));
  return { folder, shards, done, missing };
}

async function filesIn(folder: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(folder));
  } catch (error) {
    if (isMissing(error)) return new Set();
    throw new FileReadError(folder, error);
  }
}

/** A command that prepares a shard, and may be started again at any time. */
export interface ShardCommand {
  readonly shard: Shard;
  readonly isDone: boolean;
  /** of `clip-lung` */
  readonly args: readonly string[];
  /** a file that changes whenever it has made something that was not there */
  readonly progress: string;
}

/** A collection that is to be prepared in shards. */
export interface ShardedPreparation {
  readonly out: string;
  readonly shards: number;
  /** of `clip-lung`, for the whole: `prepare LIDC-IDRI --out dataset`. When the shards are done, it makes the dataset of them */
  readonly args: readonly string[];
}

/**
 * The commands that prepare a collection in shards, and which of them are done.
 *
 * @throws `InputError` where it is being prepared in another number of shards; what {@link shardState} throws
 */
export async function shardCommands({
  out,
  shards,
  args,
}: ShardedPreparation): Promise<readonly ShardCommand[]> {
  const folder = await partialFolderOf(out);
  const state = await shardState(out);
  if (state !== undefined && state.shards !== shards) {
    throw new InputError(
      `${folder}: keeps ${state.shards} shards, and ${shards} are asked for; ask for ${state.shards}, or remove that folder to prepare from the beginning`,
    );
  }
  return Array.from({ length: shards }, (_, i) => {
    const shard = { number: i + 1, of: shards };
    return {
      shard,
      isDone: state?.done.includes(shard.number) === true,
      args: [...args, '--shard', shownShard(shard)],
      progress: shardProgressFile(folder, shard.number),
    };
  });
}
