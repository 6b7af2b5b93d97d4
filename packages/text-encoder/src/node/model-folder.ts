import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  AutoTokenizer,
  CLIPTextModelWithProjection,
  env,
} from '@huggingface/transformers';
import { TextTowerError } from '../errors.js';

export interface FindOptions {
  /** where downloaded models are kept; default: transformers.js's own cache, `env.cacheDir` */
  readonly cacheFolder?: string;
  /** whether a model that is not there may be downloaded from the Hugging Face hub; default true */
  readonly download?: boolean;
}

const needed = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

function missing(folder: string): readonly string[] {
  const files = needed.filter((file) => !existsSync(join(folder, file)));
  const weights = ['model.safetensors', 'onnx/text_model.onnx'];
  return weights.some((file) => existsSync(join(folder, file)))
    ? files
    : [...files, weights.join(' or ')];
}

/**
 * Finds the folder of a model: `model` itself when it is a folder, else what transformers.js has in its cache under
 * that name, downloaded first where that is needed and allowed.
 *
 * @throws {@link TextTowerError} that says which files to put where
 */
export async function findModelFolder(
  model: string,
  { cacheFolder = env.cacheDir ?? '.cache', download = true }: FindOptions,
): Promise<{ readonly folder: string; readonly name: string }> {
  if (existsSync(model) && statSync(model).isDirectory()) {
    const folder = resolve(model);
    const files = missing(folder);
    if (files.length === 0) return { folder, name: model };
    throw new TextTowerError(
      `${folder} is no folder of a CLIP text model: it lacks ${files.join(', ')}`,
    );
  }
  const folder = resolve(cacheFolder, model);
  if (missing(folder).length === 0) return { folder, name: model };
  const byHand = `Put ${needed.join(', ')} and model.safetensors (or onnx/text_model.onnx) of ${env.remoteHost}${model} into a folder, and give that folder, or put them into ${folder}`;
  if (!download) {
    throw new TextTowerError(
      `the text model ${model} is neither a folder nor in the cache, and downloads are off. ${byHand}`,
    );
  }
  try {
    await fillCache(model, cacheFolder);
  } catch (error) {
    throw new TextTowerError(
      `the text model ${model} is neither a folder nor in the cache, and could not be downloaded (${error instanceof Error ? error.message : String(error)}). ${byHand}`,
      { cause: error },
    );
  }
  const files = missing(folder);
  if (files.length > 0) {
    throw new TextTowerError(
      `the text model ${model} was downloaded without ${files.join(', ')}. ${byHand}`,
    );
  }
  return { folder, name: model };
}

/** Loading a tokenizer and a model through transformers.js leaves their files in its cache. */
async function fillCache(model: string, cacheFolder: string): Promise<void> {
  const options = { cache_dir: cacheFolder };
  await AutoTokenizer.from_pretrained(model, options);
  const loaded = await CLIPTextModelWithProjection.from_pretrained(model, {
    ...options,
    dtype: 'fp32',
  });
  await loaded.dispose();
}
