import { basename } from 'node:path';

import { asFileWriteError } from '@clip-lung/tensor/node';

import type { ScanFailure } from '../../../dataset/source-record.js';
import { expectReplaceable } from '../../dataset/out-folder.js';
import { PartialFolder } from '../../scratch/partial-folder.js';
import {
  expectPlan,
  joinPlan,
  readPlan,
  wholePlan,
} from '../../shards/shard-plan.js';
import { ShardProgress } from '../../shards/shard-progress.js';
import { writeShardRecord } from '../../shards/shard-record.js';
import { stateOf } from '../../shards/shard-state.js';
import { expectShard, partOf, type Shard } from '../../shards/shard.js';
import type { ShardReport } from '../source.js';
import { checkOptions, type PrepareOptions } from './prepare-options.js';
import { scansInTurn } from './scans-in-turn.js';
import { withInput } from './with-input.js';

/** How to prepare a shard of a folder of LIDC-IDRI. */
export interface PrepareShardOptions extends PrepareOptions {
  readonly shard: Shard;
}

/**
 * Prepares the scans of a shard of the patients into the hidden folder beside `out`, where `prepareDataset` with the same options
 * finds them and makes the dataset: the very bytes that it would have made alone. Shards share what they read of headers, so
 * several may be at work at once, on machines that share the file system. One that was stopped or killed goes on when it is started again.
 *
 * @throws `InputError` for a folder without anything to prepare, and for one that keeps shards of another preparation;
 *   `OptionError` for an option out of range, `FileWriteError` where the system lets nothing be written
 */
export async function prepareShard(
  options: PrepareShardOptions,
): Promise<ShardReport> {
  try {
    return await prepareOne(options);
  } catch (error) {
    throw asFileWriteError(options.out, error);
  }
}

async function prepareOne(options: PrepareShardOptions): Promise<ShardReport> {
  const { shard, folder, out, signal } = options;
  const checked = checkOptions(options);
  expectShard(shard);
  await expectReplaceable(out);
  const plan = {
    ...(await wholePlan(folder, checked)),
    shards: shard.of,
  };
  const partial = await PartialFolder.share(out);
  const { path } = partial;
  try {
    const known = await readPlan(path);
    if (known !== undefined) expectPlan(path, known, plan);
    const progress = await ShardProgress.open(path, shard.number);
    const begun = { options, checked, partial, shard: { shard, progress } };
    return await withInput(begun, async (input, job) => {
      // Not before there is something to prepare: what is refused leaves nothing to remove.
      await joinPlan(path, plan);
      const own = partOf(input.scans, shard);
      const scans: string[] = [];
      const failures: ScanFailure[] = [];
      for await (const outcome of scansInTurn(own, job)) {
        if ('failure' in outcome) failures.push(outcome.failure);
        else {
          const name = basename(outcome.path);
          scans.push(name);
          await progress.add(name);
        }
      }
      const patients = new Set(own.map(({ patient }) => patient)).size;
      writeShardRecord(path, shard.number, {
        ...{ patients, scans },
        failed: failures.length,
      });
      const state = await stateOf(path, plan);
      return { ...state, shard, patients, scans: scans.length, failures };
    });
  } catch (error) {
    await partial.leave();
    signal?.throwIfAborted();
    throw error;
  }
}
