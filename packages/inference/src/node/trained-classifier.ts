import type { Hosted, Results } from '@clip-lung/engine';
import {
  type LoadedExperiment,
  loadRunExperiment,
  type PluginPolicy,
} from '@clip-lung/experiment';
import { createModel, type Model, type ModelParams } from '@clip-lung/model';
import { listFolds, readRunRecord, type RunRecord } from '@clip-lung/run';
import * as tf from '@tensorflow/tfjs-core';

import { InferenceRequestError } from '../errors.js';
import type { Weights } from '../weights.js';
import { windowedImages } from '../windowed-images.js';
import { averagesOf, readTrainedFold } from './trained-fold.js';

type Crops = { readonly hu: tf.Tensor };

/** The image encoder and the head of a trained fold. */
export interface TrainedClassifier {
  readonly record: RunRecord;
  readonly fold: number;
  /** epochs that were trained, and were to be */
  readonly epochs: { readonly done: number; readonly planned: number };
  /** the epoch that the weights are of, counted from 0 */
  readonly epoch: number;
  readonly model: Model;
  readonly weights: Hosted<Weights>;
  /** A pure function from HU [B, 32, 32, 32], slices first, to `probabilities` [B, K]. */
  readonly classify: (given: {
    readonly inputs: Crops;
    readonly frozen: Weights;
  }) => Results<{ readonly probabilities: tf.Tensor }>;
}

/**
 * The fold of a run to use: the one that is asked for, or the only one.
 *
 * @throws {@link InferenceRequestError} when the run has several and none is asked for
 */
export async function chooseFold(
  run: string,
  wanted: number | undefined,
): Promise<number> {
  if (wanted !== undefined) return wanted;
  // A folder that is no run says so itself.
  await readRunRecord(run);
  const folds = await listFolds(run);
  const [only, ...others] = folds;
  if (only !== undefined && others.length === 0) return only;
  throw new InferenceRequestError(
    `${run}: has ${folds.length === 0 ? 'no trained fold' : `the folds ${folds.join(', ')}`}; say which with --fold`,
  );
}

/**
 * Reads the image encoder and the head of a trained fold, with the weights that its test nodules were predicted with.
 *
 * @throws `MissingRunFileError`, `TensorMismatchError` when the fold is not trained, or is of another model;
 *   `PluginsNotAllowedError` when its image encoder or head is of a plugin that may not run
 */
export async function readTrainedClassifier(
  run: string,
  fold: number,
  policy: PluginPolicy,
): Promise<TrainedClassifier> {
  const record = await readRunRecord(run);
  const loaded = await loadRunExperiment(run, record, 'head', policy);
  const trained = await readTrainedFold(run, fold, record, (message) => {
    policy.onNote(`note: ${message}`);
  });
  const model = classifierOf(loaded, record.classes);
  return {
    record,
    fold,
    epochs: {
      done: trained.epochsDone,
      planned: loaded.experiment.training.epochs,
    },
    epoch: trained.epoch,
    model,
    weights: averagesOf(model, trained, (path) =>
      /^(params\.(image|head)|statistics)\./.test(path),
    ),
    classify({ inputs: { hu }, frozen: { params, statistics } }) {
      const images = windowedImages(hu);
      const given = params as unknown as Pick<ModelParams, 'image' | 'head'>;
      const logits = model.predict(given, statistics, images);
      return { outputs: { probabilities: tf.softmax(logits) } };
    },
  };
}

/** The part of an experiment's model that needs no text. */
function classifierOf(
  { experiment, modules }: LoadedExperiment,
  classes: readonly string[],
): Model {
  return createModel(experiment, { modules, classes, tower: null });
}
