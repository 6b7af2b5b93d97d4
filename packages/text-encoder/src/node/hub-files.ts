import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomic } from '@clip-lung/tensor/node';
import { env } from '@huggingface/transformers';
import { TextTowerError } from '../errors.js';
import { fetchFrom } from './fetch-from.js';
import type { HubAccess } from './hub-access.js';
import { checkedFile } from './weights-file.js';

/** For each thing that a model needs, the files that can be it, the first that the hub has is taken. */
const wanted: readonly (readonly string[])[] = [
  ['config.json', 'open_clip_config.json'],
  ['tokenizer.json'],
  ['tokenizer_config.json'],
  // The text tower alone is a third of a full model's file, and can be checked against transformers.js.
  [checkedFile, 'model.safetensors', 'open_clip_model.safetensors'],
];

export interface HubModel {
  /** `owner/name` */
  readonly model: string;
  /** a branch, tag or commit */
  readonly revision: string;
  /** the hub or a mirror of it, and the token that goes there */
  readonly access: HubAccess;
}

/** Where a model is looked up, as transformers.js builds its addresses. */
export function addressOf({
  model,
  revision,
  access: { hub },
}: HubModel): string {
  const path = env.remotePathTemplate
    .replaceAll('{model}', model)
    .replaceAll('{revision}', encodeURIComponent(revision));
  return `${hub.href}${path.replace(/\/+$/, '')}/`;
}

/**
 * Downloads a model's files into `folder`: all of them, or, when one fails, none. They come into a folder beside it
 * first, so that whatever stops the program leaves nothing that looks like a model.
 *
 * @throws {@link TextTowerError} when a file cannot be had, or is cut short
 */
export async function downloadModel(
  from: HubModel,
  folder: string,
): Promise<void> {
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  const arriving = await mkdtemp(join(parent, `.${basename(folder)}-`));
  try {
    const files: string[] = [];
    for (const choices of wanted) {
      files.push(await downloadFirst(choices, from, arriving));
    }
    for (const file of files) {
      const target = join(folder, file);
      await mkdir(dirname(target), { recursive: true });
      if (!existsSync(target)) await rename(join(arriving, file), target);
    }
  } finally {
    await rm(arriving, { recursive: true, force: true });
  }
}

async function downloadFirst(
  choices: readonly string[],
  from: HubModel,
  folder: string,
): Promise<string> {
  for (const file of choices) {
    const address = addressOf(from) + file;
    if (await download(address, join(folder, file), from.access)) return file;
  }
  throw new TextTowerError(`${addressOf(from)} has no ${choices.join(' or ')}`);
}

/** @returns whether there is such a file */
async function download(
  address: string,
  path: string,
  access: HubAccess,
): Promise<boolean> {
  try {
    const response = await fetchFrom(address, access);
    if (response.status === 404) return false;
    if (response.status === 401 || response.status === 403) {
      throw new TextTowerError(
        `answered ${response.status}: ${whose(access)} is no such model; for a private or gated model, ask for access on its page and set HF_TOKEN to a token of your account`,
      );
    }
    if (!response.ok || response.body === null) {
      throw new TextTowerError(`answered ${response.status}`);
    }
    const announced = Number(response.headers.get('content-length') ?? NaN);
    const packed = response.headers.has('content-encoding');
    let received = 0;
    const body: AsyncIterable<Uint8Array> = response.body;
    await writeFileAtomic(
      path,
      (async function* () {
        for await (const part of body) {
          received += part.length;
          yield part;
        }
        if (!packed && announced > received) {
          throw new TextTowerError(
            `ended after ${received} of ${announced} bytes`,
          );
        }
      })(),
    );
    return true;
  } catch (error) {
    throw new TextTowerError(`${address}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** The first half of what an answer of 401 may mean. */
function whose({ token, withheld }: HubAccess): string {
  if (token !== undefined) {
    return 'the account of HF_TOKEN may not read it, or there';
  }
  return withheld === ''
    ? 'HF_TOKEN is not set, and there'
    : `${withheld}; or there`;
}

/** `fetch` says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return cause === '' ? error.message : `${error.message} (${cause})`;
}
