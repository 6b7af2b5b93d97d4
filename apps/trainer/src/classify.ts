import type { DatasetNodule } from '@clip-lung/data';
import type {
  CompiledFunction,
  Engine,
  EngineState,
  Hosted,
  Results,
} from '@clip-lung/engine';
import type { Model, ModelParams, TrainingState } from '@clip-lung/model';
import type { PredictionRow } from '@clip-lung/run';
import { at, elementsOf, softmax } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

import { makeBatch, plainRecipe, shapedBatch } from './batches.js';
import { divergedAt, type RunPlace } from './errors.js';
import type { NoduleTable } from './nodule-table.js';

type PredictInputs = { readonly images: tf.Tensor };
type PredictOutputs = { readonly logits: tf.Tensor };

/** The nodules of a dataset, and what batches are made of. */
export interface Nodules {
  readonly nodules: readonly DatasetNodule[];
  readonly table: NoduleTable;
}

/** Classifies nodules with the moving average of the weights. */
export class Classifier {
  readonly #predict: CompiledFunction<
    TrainingState,
    PredictInputs,
    PredictOutputs
  >;

  constructor(
    engine: Engine,
    readonly model: Model,
    readonly batchSize: number,
  ) {
    this.#predict = engine.compile(
      ({
        state,
        inputs,
      }: {
        readonly state: TrainingState;
        readonly inputs: PredictInputs;
      }): Results<PredictOutputs> => ({
        outputs: {
          logits: model.predict(
            state.average.params as unknown as ModelParams,
            state.average.statistics,
            inputs.images,
          ),
        },
      }),
      { name: 'prediction' },
    );
  }

  /** Makes the first call ready, and finds what is wrong with it. */
  prepare(
    state: EngineState<TrainingState>,
    { images }: Hosted<PredictInputs>,
  ): Promise<void> {
    return this.#predict.prepare(state, { images });
  }

  /** One row for each of the `rows`, in their order. */
  async classify(
    state: EngineState<TrainingState>,
    { nodules, table }: Nodules,
    rows: readonly number[],
  ): Promise<readonly PredictionRow[]> {
    const { classes } = this.model;
    const found: PredictionRow[] = [];
    for (let start = 0; start < rows.length; start += this.batchSize) {
      const batch = rows.slice(start, start + this.batchSize);
      // The last batch is filled up, so that one graph serves for all.
      const filled = Array.from(
        { length: this.batchSize },
        (_, i) => batch[i] ?? at(batch, 0, 'nodules'),
      );
      const { images, labels } = shapedBatch(
        table,
        makeBatch(table, plainRecipe(filled)),
      );
      const { logits } = await this.#predict.run(state, { images });
      const values = elementsOf(logits, 'float32', 'the logits');
      batch.forEach((row, i) => {
        const probabilities = softmax(
          values.subarray(i * classes.length, (i + 1) * classes.length),
        );
        const nodule = nodules[row];
        const label = labels.data[i];
        if (nodule === undefined || label === undefined) {
          throw new RangeError(`the dataset has no row ${row}`);
        }
        found.push({
          nodule: nodule.id,
          patient: nodule.patient,
          label,
          prediction: probabilities.indexOf(Math.max(...probabilities)),
          probabilities,
        });
      });
    }
    return found;
  }

  release(): Promise<void> {
    return this.#predict.release();
  }
}

/** @throws `TrainingError` for a probability that is not a number, as weights that have diverged give them */
export function expectFinite(
  rows: readonly PredictionRow[],
  part: 'validation' | 'test',
  place: RunPlace,
): void {
  const odd = rows.find(
    ({ probabilities }) => !probabilities.every(Number.isFinite),
  );
  if (odd === undefined) return;
  throw divergedAt(
    `the probabilities of the ${part} nodule ${odd.nodule} are ${odd.probabilities.join(', ')}, so the loss is NaN`,
    place,
  );
}

/** Share of right predictions, and mean −log probability of the true class. */
export function score(rows: readonly PredictionRow[]): {
  accuracy: number;
  loss: number;
} {
  const right = rows.filter(
    ({ label, prediction }) => label === prediction,
  ).length;
  const surprise = rows.reduce(
    (sum, { label, probabilities }) =>
      sum - Math.log(Math.max(at(probabilities, label, 'classes'), 1e-12)),
    0,
  );
  return { accuracy: right / rows.length, loss: surprise / rows.length };
}
