import { at } from '@clip-lung/tensor';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { env } from '@huggingface/transformers';
import { TextTowerError } from '../errors.js';
import { adviceFor, describeFolder } from './describe-folder.js';
import { type HubAccess, hubAccess, offlineBy } from './hub-access.js';
import { addressOf, downloadModel } from './hub-files.js';
import { readTowerConfig } from './tower-config-file.js';
import { hasWeights } from './weights-file.js';

export interface FindOptions {
  /** where downloaded models are kept; default: transformers.js's own cache, `env.cacheDir` */
  readonly cacheFolder?: string;
  /**
   * whether a model that is not there may be downloaded from the Hugging Face hub; default true. `HF_HUB_OFFLINE` and
   * `TRANSFORMERS_OFFLINE` of the environment forbid it in any case
   */
  readonly download?: boolean;
  /** a branch, tag or commit of the model's repository; default: what follows an `@` in its name, else `main` */
  readonly revision?: string;
  /** the hub, or a mirror of it; default: the environment's `HF_ENDPOINT`, else https://huggingface.co */
  readonly host?: string;
  /**
   * of an account that may read a model that not all may, for {@link FindOptions.host}; default: the environment's
   * `HF_TOKEN`, which goes to the hub itself and to `HF_ENDPOINT` alone
   */
  readonly token?: string | undefined;
}

export interface FoundModel {
  readonly folder: string;
  /** what was asked for, for logs and errors */
  readonly name: string;
}

const configs = ['config.json', 'open_clip_config.json'];
const tokenizers = ['tokenizer.json', 'tokenizer_config.json'];

function missing(folder: string): readonly string[] {
  const has = (file: string): boolean => existsSync(join(folder, file));
  return [
    ...(configs.some(has) ? [] : ['config.json']),
    ...tokenizers.filter((file) => !has(file)),
    ...(hasWeights(folder)
      ? []
      : ['model.safetensors or onnx/text_model.onnx']),
  ];
}

/** As the hub names models, perhaps with a revision; nothing that leads out of the cache. */
const modelName =
  /^((?!\.)[\w.-]+\/(?!\.)[\w.-]+)(?:@((?!\.|.*\/\.)[\w./-]+))?$/;

/**
 * Finds the folder of a model: `asked` itself when it is a folder, else what transformers.js's cache has under that
 * name, downloaded first where that is needed and allowed.
 *
 * @throws {@link TextTowerError} that says which files to put where, and which are there; `FileFormatError` for a folder of
 *   another model
 */
export async function findModelFolder(
  asked: string,
  {
    cacheFolder = env.cacheDir ?? '.cache',
    download = true,
    revision: pinned,
    host,
    token,
  }: FindOptions,
): Promise<FoundModel> {
  if (existsSync(asked) && statSync(asked).isDirectory()) {
    const folder = resolve(asked);
    const files = missing(folder);
    if (files.length === 0) return { folder, name: asked };
    // What another model lacks of CLIP's files is beside the point.
    if (!files.includes('config.json')) await readTowerConfig(folder);
    throw new TextTowerError(
      [
        `${folder} is not the folder of a CLIP text model: it lacks ${files.join(', ')}; ${describeFolder(folder)}`,
        ...adviceFor(folder, files),
      ].join('\n'),
    );
  }
  const [, model, named] = modelName.exec(asked) ?? [];
  if (model === undefined) {
    throw new TextTowerError(
      `the text model ${asked} is neither an existing folder nor the name of a model on the Hugging Face hub, such as Xenova/clip-vit-base-patch16`,
    );
  }
  const revision = pinned ?? named ?? 'main';
  const main = revision === 'main';
  const name = main ? model : `${model}@${revision}`;
  const access = hubAccess({ host, token });
  const places = cachePlaces(access, cacheFolder).map((cache) =>
    resolve(cache, model, main ? '' : revision),
  );
  const found = places.find((place) => missing(place).length === 0);
  if (found !== undefined) return { folder: found, name };
  const folder = at(places, 0);
  const from = { model, revision, access };
  const address = addressOf(from);
  const byHand = `Put config.json, ${tokenizers.join(', ')} and model.safetensors (or onnx/text_model.onnx) of ${address} into a folder, and give that folder, or put them into ${folder}`;
  const offline = offlineBy();
  if (!download || offline !== undefined) {
    const looked = places.map(
      (place) => `${place}, which lacks ${missing(place).join(', ')}`,
    );
    throw new TextTowerError(
      `the text model ${name} is neither a folder nor in the cache, and downloads are off${offline === undefined ? '' : ` (${offline} is set)`}; looked for in ${looked.join(', and in ')}. ${byHand}`,
    );
  }
  try {
    await downloadModel(from, folder);
  } catch (error) {
    throw new TextTowerError(
      `the text model ${name} is neither a folder nor in the cache, and could not be downloaded (${error instanceof Error ? error.message : String(error)}). ${byHand}; HF_ENDPOINT names a mirror`,
      { cause: error },
    );
  }
  return { folder, name };
}

/**
 * Where a model may lie, the place for a new one first: as transformers.js lays out its cache. What a host gave that only an
 * experiment or a record names is kept apart: it may call anything `openai/clip`, and every other experiment would use it.
 */
function cachePlaces(
  { hub, own }: HubAccess,
  cacheFolder: string,
): readonly string[] {
  if (own) return [cacheFolder];
  const name = encodeURIComponent(hub.host + hub.pathname.slice(0, -1));
  return [join(cacheFolder, '.hosts', name), cacheFolder];
}
