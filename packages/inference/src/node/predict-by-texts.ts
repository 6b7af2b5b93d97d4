import type { Dataset, Progress } from '@clip-lung/data';
import { type Engine, onnxEngine } from '@clip-lung/engine';
import { createModel, type Model, type ModelParams } from '@clip-lung/model';
import {
  experimentDigest,
  foldPaths,
  InconsistentRunError,
  poolPredictions,
  type PredictionRow,
  type RunRecord,
  type TestedFold,
  writePredictions,
} from '@clip-lung/run';
import { at, elementsOf, type NdArray, type Tree } from '@clip-lung/tensor';
import { datasetDigest } from '@clip-lung/data/node';
import * as tf from '@tensorflow/tfjs-core';

import type { Weights } from '../weights.js';
import { windowedImages } from '../windowed-images.js';
import { batchCrops } from './batch-crops.js';
import { batchFields, type FieldsOfBatch } from './batch-fields.js';
import {
  loadTowerOf,
  type Places,
  readDatasetOf,
  type RunWithTexts,
} from './run-with-texts.js';
import { averagesOf, readTrainedFold } from './trained-fold.js';

export interface ByTextsOptions {
  /** the dataset's folder, if not the one on record */
  readonly data?: string | undefined;
  /** told what whoever reads the results should know */
  readonly onNote: (line: string) => void;
  readonly onProgress: (progress: Progress) => void;
  /** whether nothing may be downloaded */
  readonly offline?: boolean | undefined;
  /** stops between two batches; nothing is written then */
  readonly signal: AbortSignal;
}

/**
 * Classifies the nodules that the folds of a run were tested with by the texts of the classes, and writes that beside what
 * the head predicted, for all folds or for none.
 *
 * @throws an error that names the file when the dataset, the text tower or a checkpoint is missing, damaged, or another than
 *   the run's; `InconsistentRunError` when the head does not predict what it did when the fold was tested
 */
export async function predictByTexts(
  run: RunWithTexts,
  { data, onNote: note, onProgress, offline, signal }: ByTextsOptions,
): Promise<void> {
  const { folder, record, loaded } = run;
  const { classes } = record;
  const onNote = (message: string): void => {
    note(`note: ${message}`);
  };
  const { folds } = await poolPredictions(folder, record, {
    onNote,
    signal,
  });
  const { dataset, places } = await readDatasetOf(run, folds, {
    data,
    onNote,
  });
  const model = createModel(loaded.experiment, {
    classes,
    modules: loaded.modules,
    tower: await loadTowerOf(run, { onNote: note, offline }),
  });
  const { batchSize } = loaded.experiment.training;
  const fieldsOf = batchFields(model, loaded.experiment.data, {
    dataset,
    places,
  });
  // One copy of the tower for the graphs of all folds; texts that are the same for all nodules are computed once in each.
  const engine = onnxEngine({ frozenWeights: 'shared' });
  const found: TestedFold[] = [];
  try {
    for (const tested of folds) {
      const fold = {
        ...{ folder, record, tested, dataset, places, fieldsOf },
        ...{ batchSize, signal, onNote },
      };
      found.push(await classifyFold(model, fold, engine));
      onProgress({
        stage: `${folder}, folds classified by texts`,
        done: found.length,
        total: folds.length,
      });
    }
  } finally {
    await engine.dispose();
  }
  const origin = {
    experimentDigest: experimentDigest(record.experiment),
    dataset: record.data.sha256 ?? datasetDigest(dataset),
  };
  for (const { fold, rows } of found) {
    const paths = foldPaths(folder, fold, 'texts');
    await writePredictions(paths, { classes, rows }, origin);
  }
}

interface Fold {
  /** the run's */
  readonly folder: string;
  readonly record: RunRecord;
  /** its nodules, and what the head predicted */
  readonly tested: TestedFold;
  readonly dataset: Dataset;
  readonly places: Places;
  readonly fieldsOf: FieldsOfBatch;
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly onNote: (message: string) => void;
}

type ByTextsInputs = {
  readonly hu: tf.Tensor;
  /** those that the prompts are made of, by their names */
  readonly fields: Readonly<Record<string, tf.Tensor>>;
};

/** Probabilities, [B, K]. */
type Outputs = { readonly head: tf.Tensor; readonly texts: tf.Tensor };

type Frozen = { readonly weights: Weights; readonly model: Tree<tf.Tensor> };

async function classifyFold(
  model: Model,
  options: Fold,
  engine: Engine,
): Promise<TestedFold> {
  const { folder, record, dataset, places, fieldsOf, batchSize } = options;
  const { signal, onNote } = options;
  const { fold, rows } = options.tested;
  const trained = await readTrainedFold(folder, fold, record, onNote);
  const compiled = engine.compile<
    Record<string, never>,
    ByTextsInputs,
    Outputs,
    Frozen
  >(({ inputs, frozen }) => predictBoth(model, inputs, frozen), {
    name: 'prediction by texts',
    frozen: { weights: averagesOf(model, trained), model: model.frozen },
  });
  const none = engine.state<Record<string, never>>({});
  const found: PredictionRow[] = [];
  try {
    for (let start = 0; start < rows.length; start += batchSize) {
      signal.throwIfAborted();
      const batch = rows.slice(start, start + batchSize);
      const hu = batchCrops(batch, { dataset, places, batchSize });
      const fields = fieldsOf(batch, batchSize);
      const { head, texts } = await compiled.run(none, { hu, fields });
      batch.forEach((row, i) => {
        expectTested(row, valuesOf(head, i), { folder, fold, dataset });
        const probabilities = valuesOf(texts, i);
        const prediction = probabilities.indexOf(Math.max(...probabilities));
        found.push({ ...row, prediction, probabilities });
      });
    }
  } finally {
    await compiled.release();
  }
  return { fold, rows: found };
}

/** What the head and the texts say of crops in HU. */
function predictBoth(
  predictor: Model,
  { hu, fields }: ByTextsInputs,
  { weights: { params, statistics }, model }: Frozen,
): { readonly outputs: Outputs } {
  const byTexts = predictor.predictByTexts;
  if (byTexts === undefined) throw new TypeError('the model has no texts');
  const images = windowedImages(hu);
  const learnt = params as unknown as ModelParams;
  return {
    outputs: {
      head: tf.softmax(predictor.predict(learnt, statistics, images)),
      texts: tf.softmax(byTexts(learnt, statistics, images, model, fields)),
    },
  };
}

/** Row `i` of [B, K]. */
function valuesOf(array: NdArray, i: number): readonly number[] {
  const [, classes] = array.shape;
  if (classes === undefined)
    throw new RangeError('there is no axis of classes');
  const values = elementsOf(array, 'float32', 'the probabilities');
  return Array.from(values.subarray(i * classes, (i + 1) * classes));
}

/** Far above what another number of threads, or another engine, makes of a probability by rounding. */
const tolerance = 1e-3;

/** The head, which costs nothing more, shows whether crops and weights are those of the test. */
function expectTested(
  { nodule, probabilities }: PredictionRow,
  head: readonly number[],
  {
    folder,
    fold,
    dataset,
  }: {
    readonly folder: string;
    readonly fold: number;
    readonly dataset: Dataset;
  },
): void {
  const isSame = probabilities.every(
    (value, k) => Math.abs(value - at(head, k, 'classes')) <= tolerance,
  );
  if (isSame) return;
  const show = (values: readonly number[]): string =>
    values.map((value) => value.toFixed(3)).join(', ');
  throw new InconsistentRunError(
    `${foldPaths(folder, fold).predictions}: for nodule ${nodule} the head said ${show(probabilities)}, and now says ${show(head)}: its crop in ${dataset.folder}, or the fold's checkpoint, is not the one that it was tested with; give the right dataset with --data, or train again`,
  );
}
