import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { prepareDataset, prepareShard } from '@clip-lung/data/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { writePhantom } from './write-phantom.js';

/** Of a collection with every quirk, the scans that a shard has done when it is stopped. */
interface Shards {
  readonly order: readonly number[];
  readonly stopped?: { readonly shard: number; readonly again: boolean };
}

describe('a collection with every quirk', () => {
  it.each<Shards>([
    { order: [1] },
    { order: [2, 1] },
    { order: [3, 1, 2], stopped: { shard: 1, again: false } },
    { order: [4, 7, 1, 6, 2, 5, 3], stopped: { shard: 2, again: true } },
  ])(
    'prepared in shards, %j, is the same to the byte',
    async ({ order, stopped }) => {
      const out = join(folder, `shards-${order.length}`);
      const shardOf = async (number: number): Promise<void> => {
        const of = order.length;
        await prepareShard({ folder: root, out, shard: { number, of } });
      };
      for (const number of order) {
        if (number === stopped?.shard) {
          await expect(stoppedShard(out, number, order.length)).rejects.toThrow(
            /abort/,
          );
          if (!stopped.again) continue;
        }
        await shardOf(number);
      }
      await prepareDataset({ folder: root, out });
      expect(await contentOf(out)).toEqual(await contentOf(whole));
    },
  );
});

/** One that is stopped when its first scan is prepared. */
async function stoppedShard(
  out: string,
  number: number,
  of: number,
): Promise<void> {
  const stop = new AbortController();
  await prepareShard({
    ...{ folder: root, out, shard: { number, of } },
    signal: stop.signal,
    onProgress: ({ stage, done }) => {
      if (stage === 'scans' && done === 1) stop.abort();
    },
  });
}

async function contentOf(dataset: string): Promise<Record<string, string>> {
  const names = (await readdir(dataset)).sort();
  const entries = names.map(
    async (name) =>
      [name, await readFile(join(dataset, name), 'base64')] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

let folder = '';
let root = '';
let whole = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phantom-shards-'));
  root = join(folder, 'phantom');
  whole = join(folder, 'whole');
  const options = { patients: 14, seed: 2, matrix: 96, quirks: true };
  await writePhantom({ out: root, ...options });
  await prepareDataset({ folder: root, out: whole });
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));
