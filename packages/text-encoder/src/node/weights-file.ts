import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TextTowerError } from '../errors.js';

/** Files of weights that can be read, the best first: safetensors need no transposing, and halves lose precision. */
const weightsFiles = [
  'model.safetensors',
  'open_clip_model.safetensors',
  'onnx/text_model.onnx',
  'onnx/text_model_fp16.onnx',
] as const;

/** transformers.js runs this one, so it is what a loaded tower can be held against. */
export const checkedFile = 'onnx/text_model.onnx';

const quantised = /^text_model_.+\.onnx$/;

function quantisedFiles(folder: string): readonly string[] {
  if (!existsSync(join(folder, 'onnx'))) return [];
  return readdirSync(join(folder, 'onnx')).filter((file) =>
    quantised.test(file),
  );
}

/** Whether a folder has weights of any kind. */
export function hasWeights(folder: string): boolean {
  return (
    weightsFiles.some((file) => existsSync(join(folder, file))) ||
    quantisedFiles(folder).length > 0
  );
}

/**
 * The file of a folder's weights.
 *
 * @throws {@link TextTowerError} when there is none, or only quantised ones
 */
export function findWeights(folder: string): string {
  const found = weightsFiles.find((file) => existsSync(join(folder, file)));
  if (found !== undefined) return join(folder, found);
  const others = quantisedFiles(folder);
  throw new TextTowerError(
    others.length === 0
      ? `${folder} has no weights: none of ${weightsFiles.join(', ')}`
      : `${folder} has only quantised weights (${others.map((file) => `onnx/${file}`).join(', ')}), of which the tower cannot be had back exactly: add onnx/text_model.onnx or model.safetensors of the same model`,
  );
}
