import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import {
  encodeNpyHeader,
  quotedInSpreadsheets,
  toSpreadsheetCell,
} from '@clip-lung/tensor';
import {
  fileDigest,
  FileWriteError,
  syncFolder,
  writeFileAtomic,
} from '@clip-lung/tensor/node';
import { stringify } from 'csv-stringify/sync';

import { datasetFiles, type Table } from '../../dataset/format.js';
import type { Manifest } from '../../dataset/manifest.js';
import { manifestBytes } from './manifest-file.js';
import { expectReplaceable, hiddenName, realFolder } from './out-folder.js';

/** In the order in which the manifest has their digests. */
const tableNames = ['nodules', 'scans', 'folds', 'readers', 'columns'] as const;

/** The tables of a dataset folder. */
export interface DatasetTables {
  readonly nodules: Table;
  readonly folds: Table;
  readonly scans?: Table;
  readonly readers?: Table;
  readonly columns?: Table;
}

/**
 * Writes a dataset folder whole or not at all: into a hidden folder beside it, which takes its place at the end. Crops
 * are written as they come; the rest is small.
 */
export class DatasetWriter {
  readonly #out: string;
  readonly #temporary: string;
  readonly #crops: FileHandle;
  readonly #size: number;
  #count = 0;
  #open = true;

  private constructor(
    out: string,
    temporary: string,
    crops: FileHandle,
    size: number,
  ) {
    this.#out = out;
    this.#size = size;
    this.#temporary = temporary;
    this.#crops = crops;
  }

  /**
   * @param size samples along each side of a crop
   * @throws `OccupiedError` when something else than a dataset is at `out`
   */
  static async start(out: string, size: number): Promise<DatasetWriter> {
    await expectReplaceable(out);
    const target = await realFolder(out);
    const temporary = hiddenName(target, newSuffix(), 'tmp');
    try {
      await mkdir(temporary, { recursive: true });
      const crops = await open(join(temporary, datasetFiles.crops), 'wx');
      const writer = new DatasetWriter(target, temporary, crops, size);
      await crops.write(cropsHeader(0, size));
      return writer;
    } catch (error) {
      throw new FileWriteError(out, error);
    }
  }

  /** @param crop HU, [size, size, size] */
  async addCrop(crop: Int16Array): Promise<void> {
    const bytes = new Uint8Array(crop.buffer, crop.byteOffset, crop.byteLength);
    await this.#crops.writeFile(bytes);
    this.#count += 1;
  }

  /** @param tables of the nodules and folds, and those that the source has besides; absent ones are not written */
  async finish(tables: DatasetTables, manifest: Manifest): Promise<void> {
    await this.#crops.write(cropsHeader(this.#count, this.#size), 0, null, 0);
    await this.#crops.sync();
    await this.#close();
    const cropsFile = join(this.#temporary, datasetFiles.crops);
    const files: Record<string, string> = {
      [datasetFiles.crops]: await fileDigest([cropsFile]),
    };
    const write = async (name: string, content: string): Promise<void> => {
      files[name] = createHash('sha256').update(content).digest('hex');
      await writeFileAtomic(join(this.#temporary, name), content);
    };
    for (const name of tableNames) {
      const table = tables[name];
      if (table !== undefined) await write(datasetFiles[name], csv(table));
    }
    await writeFileAtomic(
      join(this.#temporary, datasetFiles.manifest),
      manifestBytes({ ...manifest, files }),
    );
    await this.#replace();
  }

  /** Removes all that was written so far. */
  async abandon(): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { recursive: true, force: true });
  }

  async #replace(): Promise<void> {
    await expectReplaceable(this.#out);
    // Killed between the two renames, it leaves the old dataset under a name by which the next run knows it.
    const old = hiddenName(this.#out, newSuffix(), 'old');
    const replaced = await rename(this.#out, old).then(
      () => true,
      (error: unknown) => {
        if (isMissing(error)) return false;
        throw new FileWriteError(this.#out, error);
      },
    );
    try {
      await rename(this.#temporary, this.#out);
    } catch (error) {
      if (replaced) await rename(old, this.#out);
      throw new FileWriteError(this.#out, error);
    }
    await syncFolder(dirname(this.#out));
    if (replaced) await rm(old, { recursive: true, force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#crops.close();
  }
}

function newSuffix(): string {
  return randomBytes(6).toString('hex');
}

/** The header has the same length for any number of crops, so it can be filled in at the end. */
function cropsHeader(count: number, size: number): Uint8Array {
  return encodeNpyHeader('int16', [count, size, size, size]);
}

function csv({ columns, rows }: Table): string {
  return stringify([...rows], {
    header: true,
    columns: [...columns],
    cast: { string: toSpreadsheetCell },
    quoted_match: quotedInSpreadsheets,
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
