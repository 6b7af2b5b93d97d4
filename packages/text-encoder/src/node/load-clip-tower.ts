import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  decodeSafetensors,
  expectNoLfsPointer,
  fileLimits,
  type NdArray,
} from '@clip-lung/tensor';
import { fileDigest, readFileUpTo } from '@clip-lung/tensor/node';
import { TextTowerError } from '../errors.js';
import { readTowerWeights } from '../tower-weights.js';
import type { TextTower } from '../tower.js';
import {
  differencesAllowed,
  largestDifference,
  precisionOf,
  referenceFeatures,
} from './check-tower.js';
import { loadTokenizer } from './load-tokenizer.js';
import { findModelFolder, type FindOptions } from './model-folder.js';
import { readOnnxTower } from './onnx-tower.js';
import { readTowerConfig } from './tower-config-file.js';
import { checkedFile, findWeights } from './weights-file.js';
import { withoutLogs } from './without-logs.js';

/** A tower out of a folder of files. */
export interface ClipTower extends TextTower {
  readonly kind: 'clip';
  readonly sha256: string;
  /** the folder that it was read from */
  readonly folder: string;
  /** what whoever reads the results should know, such as a check that could not be made */
  readonly notes: readonly string[];
}

/**
 * Loads a CLIP text tower: `config.json` (or `open_clip_config.json`), `tokenizer.json`, `tokenizer_config.json`, and
 * the weights out of `model.safetensors` (in one file or in several), by the names of Hugging Face or open_clip, else out of `onnx/text_model.onnx`.
 * Weights in half precision are widened.
 *
 * Where `onnx/text_model.onnx` is present, the tower is held against what transformers.js computes from it on two texts.
 *
 * @param model a folder, or a model of the Hugging Face hub such as `Xenova/clip-vit-base-patch16`
 * @throws {@link TextTowerError} when the model cannot be had, or computes something else than transformers.js
 * @throws `FileFormatError` when a file is not what it should be; weights that are missing, unknown or misshaped
 *   are listed
 */
export async function loadClipTower(
  model: string,
  options: FindOptions = {},
): Promise<ClipTower> {
  const { folder, name } = await findModelFolder(model, options);
  const { eotId, ...config } = await readTowerConfig(folder);
  const { file, parts } = await findWeights(folder);
  await expectFetched([
    ...['tokenizer.json', 'tokenizer_config.json', checkedFile].map((name) =>
      join(folder, name),
    ),
    ...parts,
  ]);
  const tokenizer = await loadTokenizer(folder, config, eotId);
  const digest = fileDigest(parts);
  // It is waited for at the end; what fails before then is told instead.
  digest.catch(() => undefined);
  const checked = ['config.json', checkedFile].every((needed) =>
    existsSync(join(folder, needed)),
  );
  // transformers.js gives its memory back before the weights take theirs.
  const reference = checked
    ? await withoutLogs(() => referenceFeatures(folder, config, tokenizer))
    : null;
  const tensors = await readTensors(parts);
  const sha256 = await digest;
  const tower: TextTower & { readonly sha256: string } = {
    kind: 'clip',
    name,
    config,
    weights: readTowerWeights(tensors, config, file),
    tokenizer,
    sha256,
  };
  const precision = precisionOf(tower);
  const notes: string[] = [];
  const shown = relative(folder, file);
  if (precision !== 'float32') {
    notes.push(`${shown} has weights of ${precision} precision, widened`);
  }
  if (reference === null) {
    notes.push(
      `${shown} could not be checked against transformers.js: that needs config.json and ${checkedFile}`,
    );
  } else {
    const difference = await largestDifference(tower, reference);
    const allowed = differencesAllowed[precision];
    if (!(difference <= allowed)) {
      throw new TextTowerError(
        `${file}: text features differ from those that transformers.js computes from ${join(folder, checkedFile)} by ${difference.toExponential(1)} of the largest, at most ${allowed} is expected: are the two files of one model, and does config.json name its heads and activation?`,
      );
    }
  }
  return { ...tower, kind: 'clip', folder, notes };
}

/** The arrays of all of a tower's files, one file after the other. */
async function readTensors(
  parts: readonly string[],
): Promise<readonly (readonly [string, NdArray])[]> {
  const tensors: (readonly [string, NdArray])[] = [];
  for (const file of parts) {
    const bytes = await readFileUpTo(file, fileLimits.wholeFileBytes);
    const found = file.endsWith('.onnx')
      ? readOnnxTower(bytes, file)
      : decodeSafetensors(bytes, file).tensors;
    for (const named of found) tensors.push(named);
  }
  return tensors;
}

/** Git LFS leaves small files where large ones should be; whoever reads them first would call them damaged. */
async function expectFetched(files: readonly string[]): Promise<void> {
  for (const file of files) {
    if (!existsSync(file)) continue;
    const { size } = await stat(file);
    if (size < 1024) expectNoLfsPointer(await readFile(file), file);
  }
}
