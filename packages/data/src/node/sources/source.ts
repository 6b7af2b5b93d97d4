import { z } from 'zod';

import type { Manifest } from '../../dataset/manifest.js';
import type { ScanFailure, SourceCode } from '../../dataset/source-record.js';
import type { JobOptions } from '../../progress.js';
import type { ShardState } from '../shards/shard-state.js';
import type { Shard } from '../shards/shard.js';

/** Where a dataset comes from and goes to. */
export interface PrepareRequest<Options> extends JobOptions {
  /** the folder or file that is read */
  readonly input: string;
  /** the dataset folder to write; a dataset that is there already is replaced */
  readonly out: string;
  readonly options: Options;
  /** the file that the source itself is, for the manifest; default: a program's own, of which nothing is known */
  readonly code?: SourceCode;
}

/** Something that datasets are made of. The command line, and its help, follow from what it says of itself. */
export interface Source<Schema extends z.ZodObject = z.ZodObject> {
  /** of `prepare --from`: `lidc` */
  readonly name: string;
  /** by which it was called before */
  readonly aliases?: readonly string[];
  /** what is read, in words: "a folder with the CT series and the annotation files" */
  readonly reads: string;
  /**
   * what can be chosen, each with a description. The values of a command line are numbers, words or lists, as the schema has
   * them; `meta({ argument })` names the argument in the help
   */
  readonly options: Schema;
  /**
   * Makes the dataset, whole or not at all.
   *
   * @returns the manifest as written
   * @throws `InputError` for an input that is not what it should be, or an output folder that holds something else
   */
  prepare(request: PrepareRequest<z.output<Schema>>): Promise<Manifest>;
  /**
   * Prepares a shard of the patients, which `prepare` then finds. Sources that are read in a moment have none.
   *
   * @throws as `prepare`, and for shards of another preparation
   */
  prepareShard?(
    request: PrepareShardRequest<z.output<Schema>>,
  ): Promise<ShardReport>;
}

/** Which shard of a dataset to prepare. */
export interface PrepareShardRequest<Options> extends PrepareRequest<Options> {
  readonly shard: Shard;
}

/** What a shard came to. */
export interface ShardReport extends ShardState {
  readonly shard: Shard;
  readonly patients: number;
  /** scans that were prepared, by this start or an earlier one */
  readonly scans: number;
  readonly failures: readonly ScanFailure[];
}

/** A whole number among the options of a source, and what to tell of another value. */
export function wholeNumber(least: number): z.ZodInt {
  const expected = `expected a whole number of at least ${least}`;
  return z.int(expected).min(least, expected);
}
