import { join } from 'node:path';

import { z } from 'zod';

import { readPartialFile, writePartialFile } from '../scratch/partial-file.js';
import { Scratch } from '../series/file-bytes.js';

const recordSchema = z.strictObject({
  patients: z.int(),
  /** the names of the files that its scans were prepared into */
  scans: z.array(z.string()),
  /** how many scans of its patients could not be prepared */
  failed: z.int(),
});

/** What a shard leaves when it is done. */
export type ShardRecord = z.output<typeof recordSchema>;

function recordName(shard: number): string {
  return `shard-${shard}.done`;
}

/** @throws `FileWriteError` where the system refuses, and where the folder is gone: the dataset was made in the meantime */
export function writeShardRecord(
  folder: string,
  shard: number,
  record: ShardRecord,
): void {
  const path = join(folder, recordName(shard));
  writePartialFile(path, [Buffer.from(JSON.stringify(record))]);
}

/**
 * Which shards are done: those whose records are there as they were written, and every file that they name. Whatever was lost since
 * makes a shard one that is missing, which has only that to make again.
 *
 * @param files the names of what is in the folder
 */
export function doneShards(
  folder: string,
  files: ReadonlySet<string>,
  shards: number,
): readonly number[] {
  const memory = new Scratch();
  const done: number[] = [];
  for (let shard = 1; shard <= shards; shard++) {
    const name = recordName(shard);
    if (!files.has(name)) continue;
    const bytes = readPartialFile(join(folder, name), memory);
    if (bytes === undefined) continue;
    const record = recordSchema.parse(JSON.parse(bytes.toString('utf8')));
    if (record.scans.every((scan) => files.has(scan))) done.push(shard);
  }
  return done;
}
