import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { InputError } from '../errors.js';

/**
 * A hidden folder beside a dataset that keeps the scans prepared so far, so that a run that was stopped or killed can go
 * on. It is removed when the dataset is whole.
 */
export class PartialFolder {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens the folder that belongs to a dataset, and clears away what killed runs have left half-written.
   *
   * @throws {@link InputError} while another process prepares the same dataset
   */
  static async open(out: string): Promise<PartialFolder> {
    const target = resolve(out);
    const parent = dirname(target);
    const folder = new PartialFolder(
      join(parent, `.${basename(target)}.partial`),
    );
    await mkdir(folder.#path, { recursive: true });
    await folder.#lock(out);
    const stale = new RegExp(
      `^\\.${escaped(basename(target))}\\.[0-9a-f]{12}\\.tmp$`,
    );
    await removeMatching(parent, stale);
    await removeMatching(folder.#path, /\.tmp$/);
    return folder;
  }

  /** The file of a scan. @param digest of all that decides what is in it */
  fileOf(digest: string): string {
    return join(this.#path, `${digest}.scan`);
  }

  /** Leaves the folder, with what is in it, to a later run. */
  async leave(): Promise<void> {
    await rm(this.#lockFile, { force: true });
    const names = await readdir(this.#path).catch(() => ['']);
    if (names.length === 0) await this.remove();
  }

  async remove(): Promise<void> {
    await rm(this.#path, { recursive: true, force: true });
  }

  get #lockFile(): string {
    return join(this.#path, 'lock');
  }

  async #lock(out: string): Promise<void> {
    const holder = Number(
      await readFile(this.#lockFile, 'utf8').catch(() => ''),
    );
    if (holder > 0 && holder !== process.pid && isRunning(holder)) {
      throw new InputError(
        `${out}: process ${holder} is preparing this dataset; wait for it, or end it. If it is none, remove ${this.#lockFile}`,
      );
    }
    await writeFile(this.#lockFile, String(process.pid));
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function removeMatching(folder: string, name: RegExp): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!name.test(entry)) continue;
    await rm(join(folder, entry), { recursive: true, force: true });
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
