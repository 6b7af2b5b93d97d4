import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  decodeSafetensors,
  FileFormatError,
  type NdArray,
} from '@clip-lung/tensor';
import { AutoTokenizer } from '@huggingface/transformers';
import { readTextTowerConfig } from '../config.js';
import { TextTowerError } from '../errors.js';
import type { Tokenizer } from '../tokenizer.js';
import { readTowerWeights } from '../tower-weights.js';
import type { TextTower } from '../tower.js';
import { largestError, largestErrorAllowed } from './check-tower.js';
import { findModelFolder, type FindOptions } from './model-folder.js';
import { readOnnxTower } from './onnx-tower.js';

/** A tower out of a Hugging Face folder. */
export interface ClipTower extends TextTower {
  readonly kind: 'clip';
  readonly sha256: string;
  /** the folder that it was read from */
  readonly folder: string;
  /** what whoever reads the results should know, such as a check that could not be made */
  readonly notes: readonly string[];
}

/**
 * Loads a CLIP text tower: `config.json`, `tokenizer.json`, `tokenizer_config.json`, and the weights out of
 * `model.safetensors`, else out of `onnx/text_model.onnx`.
 *
 * Where `onnx/text_model.onnx` is present, the tower is held against what transformers.js computes from it on two texts.
 *
 * @param model a folder, or a model of the Hugging Face hub such as `Xenova/clip-vit-base-patch16`
 * @throws {@link TextTowerError} when the model cannot be had, or computes something else than transformers.js
 * @throws {@link FileFormatError} when a file is not what it should be; weights that are missing, unknown or misshaped
 *   are listed
 */
export async function loadClipTower(
  model: string,
  options: FindOptions = {},
): Promise<ClipTower> {
  const { folder, name } = await findModelFolder(model, options);
  const configFile = join(folder, 'config.json');
  const config = readTextTowerConfig(await readJson(configFile), configFile);
  const tokenizer = await loadTokenizer(folder);

  const onnxFile = join(folder, 'onnx', 'text_model.onnx');
  const safetensorsFile = join(folder, 'model.safetensors');
  const file = existsSync(safetensorsFile) ? safetensorsFile : onnxFile;
  if (!existsSync(file)) {
    throw new TextTowerError(
      `${folder} has no weights: neither model.safetensors nor onnx/text_model.onnx`,
    );
  }
  const bytes = await readFile(file);
  const tensors: Iterable<readonly [string, NdArray]> =
    file === onnxFile
      ? readOnnxTower(bytes, file)
      : decodeSafetensors(bytes, file).tensors;
  const tower: TextTower = {
    kind: 'clip',
    name,
    config,
    weights: readTowerWeights(tensors, config, file),
    tokenizer,
    sha256: null,
  };
  const notes: string[] = [];
  if (existsSync(onnxFile)) {
    const error = await largestError(tower, folder);
    if (!(error <= largestErrorAllowed)) {
      throw new TextTowerError(
        `${file}: text features differ from those that transformers.js computes from ${onnxFile} by ${error.toExponential(1)} of the largest, at most ${largestErrorAllowed} is expected: are the two files of one model, and does config.json name its heads and activation?`,
      );
    }
  } else {
    notes.push(
      `${basename(file)} could not be checked against transformers.js: ${folder} has no onnx/text_model.onnx`,
    );
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...tower, kind: 'clip', sha256, folder, notes };
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileFormatError(file, `is no JSON (${String(error)})`, {
      cause: error,
    });
  }
}

async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const tokenizer = await AutoTokenizer.from_pretrained(folder, {
    local_files_only: true,
  });
  const special = (name: 'bos_token' | 'eos_token'): number => {
    const id: unknown = tokenizer[`${name}_id`];
    if (typeof id === 'number') return id;
    throw new FileFormatError(
      join(folder, 'tokenizer_config.json'),
      `names no ${name} that tokenizer.json knows`,
    );
  };
  return {
    sos: special('bos_token'),
    eot: special('eos_token'),
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }),
  };
}
