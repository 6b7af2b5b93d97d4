import {
  mkdir,
  readdir,
  readFile,
  rm,
  rmdir,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';

import { InputError } from '../../errors.js';
import { realFolder, recover } from '../dataset/out-folder.js';

/** What shards of one dataset agree on. Where it is, other processes may be at work in the folder. */
export const shardPlanName = 'shards.json';

/**
 * A hidden folder beside a dataset that keeps what would fill the memory: annotations and headers until their scan is
 * prepared, and the scans prepared so far. So a run that was stopped or killed can go on, and shards work for one dataset. It is
 * removed when the dataset is whole.
 *
 * What is in it is named by what decides its content, and is written whole or not at all. So whoever makes the same makes the same
 * file, and any number of processes may work in it at once.
 */
export class PartialFolder {
  readonly #path: string;
  /** the uppermost folder that had to be made for it */
  readonly #made: string | undefined;
  readonly #isLocked: boolean;

  private constructor(
    path: string,
    made: string | undefined,
    { isLocked }: { readonly isLocked: boolean },
  ) {
    this.#path = path;
    this.#made = made;
    this.#isLocked = isLocked;
  }

  /**
   * Opens the folder that belongs to a dataset, and sets right what killed runs have left beside it: what is of no use to another is
   * cleared away, and a dataset that was moved out of the way comes back.
   *
   * @throws {@link InputError} while another process prepares the same dataset
   */
  static async open(out: string): Promise<PartialFolder> {
    const path = await partialFolderOf(out);
    const made = await mkdir(path, { recursive: true });
    const folder = new PartialFolder(path, made, { isLocked: true });
    await folder.#lock(out);
    await recover(await realFolder(out));
    await folder.#clear();
    return folder;
  }

  /** Opens the folder beside others that work in it. */
  static async share(out: string): Promise<PartialFolder> {
    const path = await partialFolderOf(out);
    const made = await mkdir(path, { recursive: true });
    return new PartialFolder(path, made, { isLocked: false });
  }

  get path(): string {
    return this.#path;
  }

  /** Leaves the folder, with what is in it, to a later run. */
  async leave(): Promise<void> {
    if (this.#isLocked) {
      await rm(this.#lockFile, { force: true });
      await this.#clear().catch(() => undefined);
    }
    const names = await readdir(this.#path).catch(() => ['']);
    if (names.length === 0) await this.remove();
  }

  /** Removes the folder, and those around it that were made for it and hold nothing else. */
  async remove(): Promise<void> {
    // A shard that is still at work may be writing into it.
    await rm(this.#path, {
      ...{ recursive: true, force: true },
      ...{ maxRetries: 10, retryDelay: 20 },
    });
    if (this.#made === undefined) return;
    const all = this.#path.slice(this.#made.length).split(sep).length;
    let folder = dirname(this.#path);
    for (let i = 1; i < all; i++) {
      const empty = await rmdir(folder).then(
        () => true,
        () => false,
      );
      if (!empty) return;
      folder = dirname(folder);
    }
  }

  /** Removes what is of no use to a later run, unless shards that are at work may need it: then it goes with the folder. */
  async #clear(): Promise<void> {
    const names = await readdir(this.#path);
    if (names.includes(shardPlanName)) return;
    for (const name of names.filter((one) => ofOneRun.test(one))) {
      await rm(join(this.#path, name), { recursive: true, force: true });
    }
  }

  get #lockFile(): string {
    return join(this.#path, 'lock');
  }

  async #lock(out: string): Promise<void> {
    for (;;) {
      const taken = await writeFile(this.#lockFile, String(process.pid), {
        flag: 'wx',
      }).then(
        () => false,
        (error: unknown) => {
          if (isExisting(error)) return true;
          throw error;
        },
      );
      if (!taken) return;
      const holder = Number(
        await readFile(this.#lockFile, 'utf8').catch(() => ''),
      );
      if (holder > 0 && holder !== process.pid && isRunning(holder)) {
        throw new InputError(
          `${out}: process ${holder} is preparing this dataset; wait for it, or end it. If there is no such process, remove ${this.#lockFile}`,
        );
      }
      await rm(this.#lockFile, { force: true });
    }
  }
}

/** Where the hidden folder of a dataset lies, whether or not it is there. */
export async function partialFolderOf(out: string): Promise<string> {
  const target = await realFolder(out);
  return join(dirname(target), `.${basename(target)}.partial`);
}

/** What is half-written, and annotations, which every run reads anew. */
const ofOneRun = /\.(tmp|readings)$/;

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
