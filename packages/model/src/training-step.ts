import type { Arguments, Results } from '@clip-lung/engine';
import { ema, type Optimizer } from '@clip-lung/optim';
import {
  leaves,
  type NdArray,
  type RandomStream,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { ExperimentError } from './errors.js';
import type { Batch, Model, ModelParams } from './model.js';

type Host = Tree<NdArray<'float32'>>;
type Tensors = Tree<tf.Tensor>;

/** What a training run carries from step to step; its dotted paths name the tensors of a checkpoint. */
export type TrainingState = {
  readonly params: Tensors;
  /** batch-norm statistics */
  readonly statistics: Tensors;
  readonly optimizer: Tensors;
  /** moving averages of the parameters and the statistics: what is evaluated */
  readonly average: { readonly params: Tensors; readonly statistics: Tensors };
};

/** What a step is given. */
export type StepInputs = {
  readonly images: tf.Tensor;
  readonly targets: tf.Tensor;
  readonly attributeWeights: tf.Tensor;
  readonly classCounts: tf.Tensor;
  /** {@link Model.fields} by their names; needed where there are any */
  readonly fields?: Readonly<Record<string, tf.Tensor>>;
  /** scalar */
  readonly learningRate: tf.Tensor;
  /** decay of the moving average at this step, scalar */
  readonly averageDecay: tf.Tensor;
};

export type StepOutputs = {
  /** scalar */
  readonly loss: tf.Tensor;
  readonly terms: Readonly<Record<string, tf.Tensor>>;
  /** [B, K] */
  readonly logits: tf.Tensor;
};

/** The state before the first step: the averages start at the parameters. */
export function initialState(
  model: Model,
  optimizer: Optimizer,
  random: RandomStream,
): {
  params: Host;
  statistics: Host;
  optimizer: Host;
  average: { params: Host; statistics: Host };
} {
  const { params, statistics } = model.init(random);
  return {
    params,
    statistics,
    optimizer: optimizer.init(params),
    average: { params, statistics },
  };
}

/** Forward pass, gradients, optimiser and moving average, as one pure function for an engine to compile. */
export function trainingStep(
  model: Model,
  optimizer: Optimizer,
): (
  given: Arguments<TrainingState, StepInputs, Tensors>,
) => Results<StepOutputs> {
  return ({ state, inputs, frozen }) => {
    const batch: Batch = inputs;
    const { result, gradients } = lossAndGradients(model, state, batch, frozen);
    const { params, state: optimizerState } = optimizer.update(
      state.params,
      gradients,
      state.optimizer,
      inputs.learningRate as tf.Scalar,
    );
    const decay = inputs.averageDecay as tf.Scalar;
    return {
      outputs: {
        loss: result.total,
        terms: result.terms,
        logits: result.logits,
      },
      state: {
        params,
        statistics: result.statistics,
        optimizer: optimizerState,
        average: {
          params: ema(state.average.params, params, decay),
          statistics: ema(state.average.statistics, result.statistics, decay),
        },
      },
    };
  };
}

/** The loss of a batch, and its gradient for every parameter, by the parameters' paths. */
export function lossAndGradients(
  model: Model,
  { params, statistics }: Pick<TrainingState, 'params' | 'statistics'>,
  batch: Batch,
  frozen: Tensors,
): { readonly result: ReturnType<Model['loss']>; readonly gradients: Tensors } {
  const entries = leaves<tf.Tensor>(params);
  const kept: ReturnType<Model['loss']>[] = [];
  const total = (): tf.Scalar => {
    const result = model.loss(
      params as unknown as ModelParams,
      statistics,
      batch,
      frozen,
    );
    // The gradients' scope disposes of what is made inside; these are wanted outside.
    for (const [, tensor] of leaves<tf.Tensor>({
      ...result.terms,
      logits: result.logits,
      statistics: result.statistics,
    })) {
      tf.keep(tensor);
    }
    kept.push(result);
    return result.total;
  };
  // What `tf.valueAndGrads` calls. That refuses a parameter which the total does not depend on; here it has no gradient.
  const { value, grads: found } = tf.engine().gradients(
    total,
    entries.map(([, tensor]) => tensor),
    undefined,
    true,
  );
  const grads: readonly (tf.Tensor | undefined)[] = found;
  const [result] = kept;
  if (result === undefined) throw new TypeError('the loss was not computed');
  if (grads.every((gradient) => gradient === undefined)) {
    throw new ExperimentError(
      'losses',
      'their sum depends on no parameter, so nothing can be learnt; list a loss that uses what the model computes',
    );
  }
  return {
    result: { ...result, total: value },
    gradients: treeOf(
      entries.map(([path, tensor], i) => [
        path,
        grads[i] ?? tf.zerosLike(tensor),
      ]),
    ),
  };
}
