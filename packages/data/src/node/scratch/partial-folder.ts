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

/**
 * A hidden folder beside a dataset that keeps what would fill the memory: annotations and headers until their scan is
 * prepared, and the scans prepared so far. So a run that was stopped or killed can go on. It is removed when the dataset is whole.
 */
export class PartialFolder {
  readonly #path: string;
  /** the uppermost folder that had to be made for it */
  readonly #made: string | undefined;

  private constructor(path: string, made: string | undefined) {
    this.#path = path;
    this.#made = made;
  }

  /**
   * Opens the folder that belongs to a dataset, and sets right what killed runs have left beside it: what is of no use to another is
   * cleared away, and a dataset that was moved out of the way comes back.
   *
   * @throws {@link InputError} while another process prepares the same dataset
   */
  static async open(out: string): Promise<PartialFolder> {
    const target = await realFolder(out);
    const parent = dirname(target);
    const path = join(parent, `.${basename(target)}.partial`);
    const made = await mkdir(path, { recursive: true });
    const folder = new PartialFolder(path, made);
    await folder.#lock(out);
    await recover(target);
    await removeMatching(folder.#path, ofOneRun);
    return folder;
  }

  get path(): string {
    return this.#path;
  }

  /** Leaves the folder, with what is in it, to a later run. */
  async leave(): Promise<void> {
    await rm(this.#lockFile, { force: true });
    await removeMatching(this.#path, ofOneRun).catch(() => undefined);
    const names = await readdir(this.#path).catch(() => ['']);
    if (names.length === 0) await this.remove();
  }

  /** Removes the folder, and those around it that were made for it and hold nothing else. */
  async remove(): Promise<void> {
    await rm(this.#path, { recursive: true, force: true });
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

async function removeMatching(folder: string, name: RegExp): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!name.test(entry)) continue;
    await rm(join(folder, entry), { recursive: true, force: true });
  }
}
