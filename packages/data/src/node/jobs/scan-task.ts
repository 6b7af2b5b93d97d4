import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { cropSize } from '@clip-lung/lidc';
import { ClipLungError } from '@clip-lung/tensor';

import { datasetVersion } from '../../dataset/format.js';
import { Scratch } from '../series/file-bytes.js';
import {
  type KeptPiece,
  readPartialFile,
  writePartialFile,
} from '../scratch/partial-file.js';
import { readKeptSlices } from '../scratch/partial-headers.js';
import { readKeptReadings } from '../scratch/partial-readings.js';
import type { ScanOptions } from '../sources/lidc/prepare-options.js';
import {
  type PreparedNodule,
  type PreparedScan,
  prepareScan,
  type ScanInput,
} from '../sources/lidc/prepare-scan.js';
import { isSystemError, systemProblem } from '../series/unreadable-file.js';

/** An annotated scan, of which the annotations and headers are kept in the folder of a run. */
export interface KeptScan {
  readonly patient: string;
  /** of the annotations, and how warnings name it */
  readonly file: string;
  readonly seriesUid: string;
  readonly readings: KeptPiece;
  /** in the order of the files */
  readonly slices: readonly KeptPiece[];
}

/** One scan to prepare, and the folder to keep what comes of it in: plain data, which may go to another thread. */
export interface ScanTask {
  readonly scan: KeptScan;
  readonly options: ScanOptions;
  readonly keep: string;
}

/** The file that a scan was prepared into, and whether an earlier run had done so; or why it cannot be. */
export type ScanOutcome =
  | { readonly path: string; readonly isFound: boolean }
  | { readonly failure: string };

/** Of files that are only looked at: crops of another may just be on their way to the dataset. */
const looked = new Scratch();

/**
 * Prepares a scan into a file, which is written whole or not at all; nothing is left to do where an earlier run has.
 *
 * @throws what is no fault of the scan's files
 */
export async function runScanTask(
  { scan: kept, options, keep }: ScanTask,
  signal?: AbortSignal,
): Promise<ScanOutcome> {
  const input = readInput(kept, keep);
  const path = join(keep, `${scanDigest(input, options)}.scan`);
  if (readPartialFile(path, looked)) return { path, isFound: true };
  let scan: PreparedScan;
  try {
    scan = await prepareScan(input, options, signal);
  } catch (error) {
    if (isSystemError(error)) {
      const { path = kept.file } = error as NodeJS.ErrnoException;
      return { failure: systemProblem(path, error) };
    }
    if (!isOfScan(error)) throw error;
    return { failure: error.message };
  }
  const nodules = scan.nodules.map(({ patient, label, row, readers }) => ({
    patient,
    label,
    row,
    readers,
  }));
  const text = Buffer.from(JSON.stringify({ ...scan, nodules }));
  // Crops of int16 have to start at an even byte.
  const head = Buffer.alloc(text.length + (text.length % 2), ' ');
  text.copy(head);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const crops = scan.nodules.map(
    ({ crop }) => new Uint8Array(crop.buffer, crop.byteOffset, crop.byteLength),
  );
  writePartialFile(path, [length, head, ...crops]);
  return { path, isFound: false };
}

/** What is wrong with the scan's files, or with how much they ask for, and not with this program. */
function isOfScan(error: unknown): error is Error {
  return (
    error instanceof ClipLungError ||
    (error instanceof RangeError && /allocation failed/.test(error.message))
  );
}

function readInput(
  { patient, file, seriesUid, readings, slices }: KeptScan,
  keep: string,
): ScanInput {
  const { annotations } = readKeptReadings(keep, readings);
  return {
    patient,
    readings: { file, seriesUid, annotations },
    slices: readKeptSlices(keep, slices),
  };
}

const crops = new Scratch();

/**
 * What a task has left in its file; undefined where there is none, or not a whole one. The crops stay what they are until the
 * next file is read.
 */
export function readScanFile(
  path: string,
  { margin }: ScanOptions,
): PreparedScan | undefined {
  const bytes = readPartialFile(path, crops);
  if (bytes === undefined) return undefined;
  const start = 4 + bytes.readUInt32LE(0);
  const size = 2 * (cropSize * margin) ** 3;
  const head = JSON.parse(
    bytes.subarray(4, start).toString(),
  ) as PreparedScan & {
    readonly nodules: readonly Omit<PreparedNodule, 'crop'>[];
  };
  const nodules = head.nodules.map((nodule, i) => {
    const from = bytes.byteOffset + start + i * size;
    return { ...nodule, crop: new Int16Array(bytes.buffer, from, size / 2) };
  });
  return { ...head, nodules };
}

/**
 * What a scan's file is named by: all that decides what is in it. Of the pixels, that is the size and the times of their files, however
 * their folder is called. So a file of an earlier run is used only where it holds what this run would write.
 */
function scanDigest(input: ScanInput, options: ScanOptions): string {
  const { minReaders, rule, label, margin } = options;
  const { paths, ...slices } = input.slices;
  const text = JSON.stringify(
    [datasetVersion, minReaders, rule, label, margin, { ...input, slices }],
    (_key, value: unknown) =>
      value instanceof Int32Array ||
      value instanceof Uint32Array ||
      value instanceof Float64Array
        ? value.join(' ')
        : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
