import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { ClipLungError } from '@clip-lung/tensor';
import { writeFileAtomic } from '@clip-lung/tensor/node';

import { cropSize } from '../crop/crop.js';
import { datasetVersion } from '../dataset/manifest.js';
import type { ScanOptions } from './prepare-options.js';
import {
  type PreparedNodule,
  type PreparedScan,
  prepareScan,
  type ScanInput,
} from './prepare-scan.js';

/** One scan to prepare, and the file that keeps what comes of it: plain data, which may go to another thread. */
export interface ScanTask {
  readonly input: ScanInput;
  readonly options: ScanOptions;
  readonly path: string;
}

/**
 * Prepares a scan into its file, which is written whole or not at all.
 *
 * @returns why the scan cannot be prepared, or null where it is done
 * @throws what is no fault of the scan's files
 */
export async function runScanTask(
  { input, options, path }: ScanTask,
  signal?: AbortSignal,
): Promise<string | null> {
  let scan: PreparedScan;
  try {
    scan = await prepareScan(input, options, signal);
  } catch (error) {
    const known =
      error instanceof ClipLungError ||
      (error instanceof Error && 'syscall' in error);
    if (!known) throw error;
    return error.message;
  }
  const nodules = scan.nodules.map(({ patient, label, row, readers }) => ({
    patient,
    label,
    row,
    readers,
  }));
  const head = Buffer.from(JSON.stringify({ ...scan, nodules }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const crops = scan.nodules.map(
    ({ crop }) => new Uint8Array(crop.buffer, crop.byteOffset, crop.byteLength),
  );
  await writeFileAtomic(path, [length, head, ...crops]);
  return null;
}

/** What a task has left in its file; undefined where there is none, or not a whole one. */
export async function readScanFile(
  path: string,
  { margin }: ScanOptions,
): Promise<PreparedScan | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined || bytes.length < 4) return undefined;
  const start = 4 + bytes.readUInt32LE(0);
  const size = 2 * (cropSize * margin) ** 3;
  try {
    const head = JSON.parse(
      bytes.subarray(4, start).toString(),
    ) as PreparedScan & {
      readonly nodules: readonly Omit<PreparedNodule, 'crop'>[];
    };
    if (bytes.length !== start + head.nodules.length * size) return undefined;
    const nodules = head.nodules.map((nodule, i) => {
      const from = start + i * size;
      // Copied, as int16 have to start at an even byte.
      const crop = new Uint8Array(bytes.subarray(from, from + size));
      return { ...nodule, crop: new Int16Array(crop.buffer) };
    });
    return { ...head, nodules };
  } catch {
    return undefined;
  }
}

/**
 * What a scan's file is named by: all that decides what is in it, but for the pixels themselves. So a file of an earlier
 * run is used only where it holds what this run would write.
 */
export function scanDigest(input: ScanInput, options: ScanOptions): string {
  const { minReaders, rule, label, margin } = options;
  const text = JSON.stringify(
    [datasetVersion, minReaders, rule, label, margin, input],
    (_key, value: unknown) =>
      value instanceof Int32Array ? value.join(' ') : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
