import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileReadError, isMissing } from '@clip-lung/tensor/node';

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
    if (isMissing(error)) return [];
    throw new FileReadError(onnx, error);
  }
}
