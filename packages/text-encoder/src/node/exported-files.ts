import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileReadError } from '@clip-lung/tensor/node';

/**
 * The names of what lies in a model's folder `onnx`; none where there is no such folder.
 *
 * @throws `FileReadError` where the system refuses
 */
export function exportedFiles(folder: string): readonly string[] {
  const onnx = join(folder, 'onnx');
  try {
    return readdirSync(onnx);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new FileReadError(onnx, error);
  }
}
