import type { Workers } from '../../jobs/workers.js';
import type { PartialFolder } from '../../scratch/partial-folder.js';
import type { ShardProgress } from '../../shards/shard-progress.js';
import type { Shard } from '../../shards/shard.js';
import type { CheckedOptions, PrepareOptions } from './prepare-options.js';

/** A shard under way. */
export interface JobOfShard {
  readonly shard: Shard;
  readonly progress: ShardProgress;
}

/** A preparation under way. */
export interface Job {
  readonly options: PrepareOptions;
  readonly checked: CheckedOptions;
  readonly partial: PartialFolder;
  readonly workers: Workers;
  /** of the whole that is prepared in shards, the one that this job is */
  readonly shard?: JobOfShard;
}
