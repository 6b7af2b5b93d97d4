import { fileLimits } from '../limits.js';
import type { NdArray } from '../nd-array.js';
import { decodeNpy, encodeNpy } from '../npy.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensors,
} from '../safetensors.js';
import { writeFileAtomic } from './atomic-file.js';
import { readFileUpTo } from './read-file.js';

/** Reads a `.safetensors` file. @throws `FileFormatError`, or `FileReadError` where the system refuses */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const bytes = await readFileUpTo(path, fileLimits.wholeFileBytes);
  return decodeSafetensors(bytes, path);
}

/** Writes a `.safetensors` file, whole or not at all. */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [name: string, array: NdArray]>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/** Reads a `.npy` file. @throws `FileFormatError`, or `FileReadError` where the system refuses */
export async function readNpy(path: string): Promise<NdArray> {
  const bytes = await readFileUpTo(path, fileLimits.wholeFileBytes);
  return decodeNpy(bytes, path);
}

/** Writes a `.npy` file, whole or not at all. */
export async function writeNpy(path: string, array: NdArray): Promise<void> {
  await writeFileAtomic(path, encodeNpy(array));
}
