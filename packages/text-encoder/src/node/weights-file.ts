import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  expectNoLfsPointer,
  FileFormatError,
  fileLimits,
  parseJsonText,
} from '@clip-lung/tensor';
import { readFileUpTo } from '@clip-lung/tensor/node';
import { z } from 'zod';
import { TextTowerError } from '../errors.js';
import { exportedFiles } from './exported-files.js';

/** Files of weights that can be read, the best first: safetensors need no transposing, and halves lose precision. */
const weightsFiles = [
  'model.safetensors',
  'model.safetensors.index.json',
  'open_clip_model.safetensors',
  'onnx/text_model.onnx',
  'onnx/text_model_fp16.onnx',
] as const;

/** transformers.js runs this one, so it is what a loaded tower can be held against. */
export const checkedFile = 'onnx/text_model.onnx';

const quantised = /^text_model_.+\.onnx$/;

function quantisedFiles(folder: string): readonly string[] {
  return exportedFiles(folder).filter((file) => quantised.test(file));
}

/** Whether a folder has weights of any kind. */
export function hasWeights(folder: string): boolean {
  return (
    weightsFiles.some((file) => existsSync(join(folder, file))) ||
    quantisedFiles(folder).length > 0
  );
}

/** Where a folder's weights are. */
export interface WeightsFiles {
  /** the file that errors name: the only one, or the index of several */
  readonly file: string;
  /** the files with the weights themselves: one, or the parts in the order of their names */
  readonly parts: readonly string[];
}

/**
 * The files of a folder's weights.
 *
 * @throws {@link TextTowerError} when there is none, or only quantised ones; `FileFormatError` for an index that names parts
 *   that are not there, `FileReadError` where the system refuses
 */
export async function findWeights(folder: string): Promise<WeightsFiles> {
  const found = weightsFiles.find((file) => existsSync(join(folder, file)));
  if (found !== undefined) {
    const file = join(folder, found);
    return found.endsWith('.index.json')
      ? { file, parts: await partsOf(folder, file) }
      : { file, parts: [file] };
  }
  const others = quantisedFiles(folder);
  throw new TextTowerError(
    others.length === 0
      ? `${folder} has no weights: none of ${weightsFiles.join(', ')}`
      : `${folder} has only quantised weights (${others.map((file) => `onnx/${file}`).join(', ')}), from which the tower cannot be recovered exactly: add onnx/text_model.onnx or model.safetensors of the same model`,
  );
}

/** A part lies beside its index. */
const index = z.object({
  weight_map: z.record(
    z.string(),
    z.string().regex(/^[\w.-]+\.safetensors$/, 'expected a .safetensors file'),
  ),
});

/** The parts that the index of a large model's weights names. */
async function partsOf(
  folder: string,
  file: string,
): Promise<readonly string[]> {
  const refuse = (problem: string): never => {
    throw new FileFormatError(file, problem);
  };
  const bytes = await readFileUpTo(file, fileLimits.jsonBytes);
  expectNoLfsPointer(bytes, file);
  const read = (): unknown => {
    try {
      return parseJsonText(bytes);
    } catch (error) {
      return refuse(`is not JSON (${String(error)})`);
    }
  };
  const found = index.safeParse(read());
  if (!found.success) {
    return refuse(
      `is not the index of a model's weights:\n${z.prettifyError(found.error)}`,
    );
  }
  const names = [...new Set(Object.values(found.data.weight_map))].sort();
  if (names.length === 0) return refuse('names no file of weights');
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    return refuse(
      `names ${names.length} files of weights, of which ${missing.length} ${missing.length === 1 ? 'is' : 'are'} not beside it: ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ', …' : ''}; download the rest of the model`,
    );
  }
  return names.map((name) => join(folder, name));
}
