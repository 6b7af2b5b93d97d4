import { createHash, randomBytes } from 'node:crypto';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import {
  encodeNpyHeader,
  quotedInSpreadsheets,
  toSpreadsheetCell,
} from '@clip-lung/tensor';
import {
  fileDigest,
  syncFolder,
  writeFileAtomic,
} from '@clip-lung/tensor/node';
import { stringify } from 'csv-stringify/sync';

import {
  datasetFiles,
  foldColumns,
  type FoldRow,
  noduleColumns,
  type NoduleRow,
  readerColumns,
  type ReaderRow,
  type Row,
  scanColumns,
  type ScanRow,
} from '../dataset/format.js';
import type { Manifest } from '../dataset/manifest.js';
import { InputError } from '../errors.js';
import { manifestBytes } from './manifest-file.js';

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
   * @throws {@link InputError} when something else than a dataset is at `out`
   */
  static async start(out: string, size: number): Promise<DatasetWriter> {
    const target = resolve(out);
    await expectReplaceable(out);
    const temporary = hiddenBeside(target);
    await mkdir(temporary, { recursive: true });
    const crops = await open(join(temporary, datasetFiles.crops), 'wx');
    const writer = new DatasetWriter(target, temporary, crops, size);
    await crops.write(cropsHeader(0, size));
    return writer;
  }

  /** @param crop HU, [size, size, size] */
  async addCrop(crop: Int16Array): Promise<void> {
    const bytes = new Uint8Array(crop.buffer, crop.byteOffset, crop.byteLength);
    await this.#crops.writeFile(bytes);
    this.#count += 1;
  }

  async finish(tables: {
    readonly nodules: readonly NoduleRow[];
    readonly scans: readonly ScanRow[];
    readonly folds: readonly FoldRow[];
    /** left out where the source tells nothing of readers */
    readonly readers?: readonly ReaderRow[];
    readonly manifest: Manifest;
  }): Promise<void> {
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
    await write(datasetFiles.nodules, csv(tables.nodules, noduleColumns));
    await write(datasetFiles.scans, csv(tables.scans, scanColumns));
    await write(datasetFiles.folds, csv(tables.folds, foldColumns));
    if (tables.readers) {
      await write(datasetFiles.readers, csv(tables.readers, readerColumns));
    }
    await writeFileAtomic(
      join(this.#temporary, datasetFiles.manifest),
      manifestBytes({ ...tables.manifest, files }),
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
    const old = hiddenBeside(this.#out);
    const replaced = await rename(this.#out, old).then(
      () => true,
      (error: unknown) => {
        if (isMissing(error)) return false;
        throw error;
      },
    );
    try {
      await rename(this.#temporary, this.#out);
    } catch (error) {
      if (replaced) await rename(old, this.#out);
      throw error;
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

/** The header has the same length for any number of crops, so it can be filled in at the end. */
function cropsHeader(count: number, size: number): Uint8Array {
  return encodeNpyHeader('int16', [count, size, size, size]);
}

function csv<Column extends string>(
  rows: readonly Row<Column>[],
  columns: readonly Column[],
): string {
  return stringify([...rows], {
    header: true,
    columns: [...columns],
    cast: { string: toSpreadsheetCell },
    quoted_match: quotedInSpreadsheets,
  });
}

/**
 * Checks that a dataset may be written to a folder: it does not exist, is empty, or holds a dataset.
 *
 * @throws {@link InputError} otherwise
 */
export async function expectReplaceable(out: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(out);
  } catch (error) {
    if (isMissing(error)) return;
    throw new InputError(
      `${out}: cannot be written as a dataset folder (${String(error)}); choose another place`,
      { cause: error },
    );
  }
  if (names.length === 0) return;
  const manifest = await readFile(
    join(out, datasetFiles.manifest),
    'utf8',
  ).catch(() => '');
  if (/"format":\s*"clip-lung-dataset"/.test(manifest)) return;
  throw new InputError(
    `${out}: is a folder with ${names.length} entries and no dataset; nothing was written. Choose a new or empty folder`,
  );
}

function hiddenBeside(target: string): string {
  const suffix = randomBytes(6).toString('hex');
  return join(dirname(target), `.${basename(target)}.${suffix}.tmp`);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
