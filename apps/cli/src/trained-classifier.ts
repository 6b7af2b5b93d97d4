import { lungWindow } from '@clip-lung/data';
import type { Hosted, Results } from '@clip-lung/engine';
import { createModel, type Model, type ModelParams } from '@clip-lung/model';
import {
  type Checkpoint,
  type CheckpointName,
  expectTensors,
  foldPaths,
  listFolds,
  readCheckpoint,
  readRunRecord,
  type RunRecord,
  runPaths,
} from '@clip-lung/run';
import {
  leaves,
  mapTree,
  type NdArray,
  RandomStream,
  type Tree,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { UsageError } from './exit-codes.js';
import { type LoadedExperiment, loadExperiment } from './load-experiment.js';

/** The moving averages of what a classifier learned. */
type Weights = {
  readonly params: Tree<tf.Tensor>;
  readonly statistics: Tree<tf.Tensor>;
};

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
  /** From HU [B, 32, 32, 32], slices first, to `probabilities` [B, K]: a pure function. */
  readonly classify: (given: {
    readonly inputs: Crops;
    readonly frozen: Weights;
  }) => Results<{ readonly probabilities: tf.Tensor }>;
}

/**
 * The fold of a run to use: the one that is asked for, or the only one.
 *
 * @throws {@link UsageError} when the run has several and none is asked for
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
  throw new UsageError(
    `${run}: has ${folds.length === 0 ? 'no trained fold' : `the folds ${folds.join(', ')}`}; say which with --fold`,
  );
}

/**
 * Reads a trained fold: the weights of the epoch that was best on the validation nodules, or of the last one where there
 * are none, as its test nodules were predicted with.
 *
 * @throws `MissingRunFileError`, `TensorMismatchError` when the fold is not trained, or is of another model
 */
export async function readTrainedClassifier(
  run: string,
  fold: number,
): Promise<TrainedClassifier> {
  const record = await readRunRecord(run);
  const paths = foldPaths(run, fold);
  const loaded = await loadExperiment(runPaths(run).experiment, []);
  const { experiment } = loaded;
  const last = await readCheckpoint(paths, 'last');
  const { best } = last.info;
  const name: CheckpointName = best === null ? 'last' : 'best';
  const used = best === null ? last : await readCheckpoint(paths, name);
  const model = classifierOf(loaded, record.classes);
  return {
    record,
    fold,
    epochs: { done: last.info.epoch, planned: experiment.training.epochs },
    epoch: best?.epoch ?? last.info.epoch - 1,
    model,
    weights: averagesOf(model, used, paths[name].tensors),
    classify({ inputs: { hu }, frozen: { params, statistics } }) {
      const images = windowed(hu);
      const given = params as unknown as Pick<ModelParams, 'image' | 'head'>;
      const logits = model.predict(given, statistics, images);
      return { outputs: { probabilities: tf.softmax(logits) } };
    },
  };
}

/** As the crops of a batch are scaled: HU clipped to the window, from 0 to 1. */
function windowed(hu: tf.Tensor): tf.Tensor {
  const { low, high } = lungWindow;
  const scaled = tf.mul(tf.sub(hu, low), 1 / (high - low));
  return tf.minimum(tf.maximum(scaled, 0), 1);
}

/** The part of an experiment's model that needs no text. */
function classifierOf(
  { experiment, modules }: LoadedExperiment,
  classes: readonly string[],
): Model {
  return createModel(
    {
      ...experiment,
      text: null,
      prompt: null,
      losses: [{ use: 'cross-entropy', weight: 1 }],
    },
    { modules, classes, tower: null },
  );
}

/** The averages of the image encoder and the head, and nothing else of a checkpoint. */
function averagesOf(
  model: Model,
  { tensors }: Checkpoint,
  file: string,
): Hosted<Weights> {
  const { params, statistics } = model.init(new RandomStream(0));
  const expected = new Map(
    leaves<NdArray>({ average: { params, statistics } }).map(
      ([path, { shape }]) => [path, shape],
    ),
  );
  const found = new Map(
    [...tensors].filter(([path]) =>
      /^average\.(params\.(image|head)|statistics)\./.test(path),
    ),
  );
  expectTensors(found, expected, file);
  // By the model's own tree: an encoder may have no statistics.
  return mapTree<Tree<NdArray>, NdArray, NdArray>(
    { params, statistics },
    (start, path) => found.get(`average.${path}`) ?? start,
  ) as unknown as Hosted<Weights>;
}
