import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  FileWriteError,
  isMissing,
  readWholeFile,
} from '@clip-lung/tensor/node';

export function shardProgressFile(folder: string, shard: number): string {
  return join(folder, `shard-${shard}.progress`);
}

/**
 * The names of what a shard has made, each once, whichever start made it: so whoever starts it again sees whether the last start has
 * got on.
 */
export class ShardProgress {
  readonly #file: string;
  readonly #known: Set<string>;

  private constructor(file: string, known: Set<string>) {
    this.#file = file;
    this.#known = known;
  }

  static async open(folder: string, shard: number): Promise<ShardProgress> {
    const file = shardProgressFile(folder, shard);
    let text = '';
    try {
      text = (await readWholeFile(file)).toString('utf8');
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return new ShardProgress(file, new Set(text.split('\n')));
  }

  async add(name: string): Promise<void> {
    if (this.#known.has(name)) return;
    this.#known.add(name);
    try {
      await appendFile(this.#file, `${name}\n`);
    } catch (error) {
      throw new FileWriteError(this.#file, error);
    }
  }
}
