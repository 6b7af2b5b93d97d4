import { stat } from 'node:fs/promises';

import { openOnnx, type OpenModel } from '@clip-lung/engine';
import type { PluginPolicy } from '@clip-lung/experiment';
import { readWholeFile } from '@clip-lung/tensor/node';

import {
  type ClassifierDescription,
  describeClassifier,
} from '../classifier-description.js';
import { InferenceRequestError } from '../errors.js';
import { classifierFile } from './classifier-file.js';
import { chooseFold, readTrainedClassifier } from './trained-classifier.js';

export interface OpenClassifierOptions {
  /** of a run, counted from 0; its only one by default */
  readonly fold?: number | undefined;
  /** whether the plugins of a run may run, and who is told what should be known */
  readonly policy: PluginPolicy;
  /** of the software */
  readonly version: string;
}

/** A classifier that is ready to run; `open` has to be released. */
export interface OpenClassifier {
  readonly open: OpenModel;
  readonly about: ClassifierDescription;
}

/**
 * Opens a model file, or of a run folder what would be exported.
 *
 * @throws {@link InferenceRequestError} where there is nothing, or a fold is asked for that is not one; `FileFormatError` for a
 *   file that `classifierFile` did not make; and what {@link readTrainedClassifier} throws
 */
export async function openClassifier(
  path: string,
  options: OpenClassifierOptions,
): Promise<OpenClassifier> {
  const open = await openOnnx(await bytesOf(path, options), { file: path });
  try {
    const about = describeClassifier(open, path);
    if (!about.isDigested) {
      options.policy.onNote(
        `note: ${path}: has no digest, like all models of earlier versions: nothing shows whether it has changed since it was written`,
      );
    }
    return { open, about };
  } catch (error) {
    await open.release();
    throw error;
  }
}

async function bytesOf(
  path: string,
  { fold, policy, version }: OpenClassifierOptions,
): Promise<Uint8Array> {
  const found = await stat(path).catch((error: unknown) => {
    throw new InferenceRequestError(
      `${path}: there is no such file or folder; give a model.onnx, or a run folder`,
      { cause: error },
    );
  });
  if (found.isDirectory()) {
    const chosen = await chooseFold(path, fold);
    const trained = await readTrainedClassifier(path, chosen, policy);
    return classifierFile(trained, { version });
  }
  if (fold === undefined) return readWholeFile(path);
  throw new InferenceRequestError(
    `${path}: is the model of a single fold; --fold only applies to a run folder`,
  );
}
