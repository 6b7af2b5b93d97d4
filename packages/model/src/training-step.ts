import type { Arguments, Results } from '@clip-lung/engine';
import { clipNorm, ema, type Optimizer } from '@clip-lung/optim';
import {
  filled,
  leaves,
  mapTree,
  type NdArray,
  type RandomStream,
  type Tree,
  treeOf,
  zipTrees,
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
  /**
   * the sum over the batches of a step that are done, in the parameters' form; between two steps zeros, which no checkpoint
   * needs. Only where a step has several batches
   */
  readonly gradients?: Tensors;
};

/** One batch, as a step is given it. */
export type BatchInputs = {
  readonly images: tf.Tensor;
  readonly targets: tf.Tensor;
  readonly attributeWeights: tf.Tensor;
  readonly classCounts: tf.Tensor;
  /** {@link Model.fields} by their names; needed where there are any */
  readonly fields?: Readonly<Record<string, tf.Tensor>>;
};

/** What a step is given. */
export type StepInputs = BatchInputs & {
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
  /** over all parameters, before they are clipped, scalar; where they are */
  readonly gradientNorm?: tf.Tensor;
};

/** How a step goes, beside what its model and its optimiser are. */
export interface StepOptions {
  /** gradients with a norm above it are shortened to it; default null, for none */
  readonly clipNorm?: number | null;
  /** batches of which a step takes the mean gradient: all but its last go through {@link gradientStep}; default 1 */
  readonly accumulate?: number;
}

/** The state before the first step: the averages start at the parameters. */
export function initialState(
  model: Model,
  optimizer: Optimizer,
  random: RandomStream,
  { accumulate = 1 }: Pick<StepOptions, 'accumulate'> = {},
): {
  params: Host;
  statistics: Host;
  optimizer: Host;
  average: { params: Host; statistics: Host };
  gradients?: Host;
} {
  const { params, statistics } = model.init(random);
  return {
    params,
    statistics,
    optimizer: optimizer.init(params),
    average: { params, statistics },
    ...(accumulate > 1 && { gradients: zerosOf(params) }),
  };
}

const zerosOf = (params: Host): Host =>
  mapTree<Host, NdArray, NdArray<'float32'>>(params, ({ shape }) =>
    filled(shape),
  );

/** Forward pass, gradients, optimiser and moving average, as one pure function for an engine to compile. */
export function trainingStep(
  model: Model,
  optimizer: Optimizer,
  { clipNorm: most = null, accumulate = 1 }: StepOptions = {},
): (
  given: Arguments<TrainingState, StepInputs, Tensors>,
) => Results<StepOutputs> {
  return ({ state, inputs, frozen }) => {
    const batch: Batch = inputs;
    const { result, gradients: own } = lossAndGradients(
      model,
      state,
      batch,
      frozen,
    );
    const gradients =
      accumulate === 1
        ? own
        : tensors(added(state, own), (sum) => tf.div(sum, accumulate));
    const clipped = most === null ? { gradients } : clipNorm(gradients, most);
    const { params, state: optimizerState } = optimizer.update(
      state.params,
      clipped.gradients,
      state.optimizer,
      inputs.learningRate as tf.Scalar,
    );
    const decay = inputs.averageDecay as tf.Scalar;
    return {
      outputs: {
        loss: result.total,
        terms: result.terms,
        logits: result.logits,
        ...('norm' in clipped && { gradientNorm: clipped.norm }),
      },
      state: {
        params,
        statistics: result.statistics,
        optimizer: optimizerState,
        average: {
          params: ema(state.average.params, params, decay),
          statistics: ema(state.average.statistics, result.statistics, decay),
        },
        ...(accumulate > 1 && { gradients: tensors(own, tf.zerosLike) }),
      },
    };
  };
}

/**
 * A batch of a step that has several, but for its last: forward pass and gradients, which are added to those of the batches before.
 * Batch-norm statistics follow every batch; whatever else there is stays as it is until {@link trainingStep} ends the step.
 */
export function gradientStep(
  model: Model,
): (
  given: Arguments<TrainingState, BatchInputs, Tensors>,
) => Results<StepOutputs> {
  return ({ state, inputs, frozen }) => {
    const { result, gradients } = lossAndGradients(
      model,
      state,
      inputs,
      frozen,
    );
    return {
      outputs: {
        loss: result.total,
        terms: result.terms,
        logits: result.logits,
      },
      state: {
        statistics: result.statistics,
        gradients: added(state, gradients),
      },
    };
  };
}

/** The gradients of the step so far, with those of one more batch. */
function added({ gradients: before }: TrainingState, own: Tensors): Tensors {
  if (before === undefined) {
    throw new TypeError(
      'the state has no gradients to add to; begin it with the same accumulate as the step',
    );
  }
  return summed(before, own, (a, b) => tf.add(a, b));
}

const summed: (
  a: Tensors,
  b: Tensors,
  combine: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
) => Tensors = zipTrees;

const tensors: (
  tree: Tensors,
  change: (tensor: tf.Tensor) => tf.Tensor,
) => Tensors = mapTree;

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
