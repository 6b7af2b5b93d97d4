import type { NoduleFields } from '@clip-lung/lidc';
import type { NdArray, RandomStream, Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

import { MissingInputError } from './error.js';

/**
 * What a model computes for a batch of B nodules. Without a text tower there is none of the text's part, and a loss that
 * needs it says so (see {@link Loss.needs}).
 *
 * Text features are [B, …, D] where the prompts were conditioned on the nodule, and [1, …, D] where all nodules share them.
 */
export interface LossInputs {
  /** of the classifier head, [B, K] */
  readonly logits: tf.Tensor2D;
  /** tᵢₖ: what is true of each nodule, each row adds up to 1, [B, K]; a label is a row with a single 1 */
  readonly targets: tf.Tensor2D;
  /** fᵢₜ: normalised channel-group features, [B, T, D] */
  readonly groups: tf.Tensor3D;
  /** cᵢₖ: normalised class text features, [B or 1, K, D] */
  readonly classes?: tf.Tensor3D | undefined;
  /** aᵢₘ: normalised attribute text features, [B or 1, M, D] */
  readonly attributes?: tf.Tensor3D | undefined;
  /** wᵢₘ: softmax of the attributes' mean ratings, each row adds up to 1, [B, M] */
  readonly attributeWeights?: tf.Tensor2D | undefined;
  /** s: exp(logit scale), one over the temperature, scalar */
  readonly scale?: tf.Scalar | undefined;
  /** nₖ: nodules of each class in the training part, float32 [K]; where targets are distributions, the sums of their columns */
  readonly classCounts?: tf.Tensor1D | undefined;
  /** what the loss asked for in its `fields`, by its own names for them */
  readonly fields?: Readonly<Record<string, tf.Tensor>> | undefined;
}

/** What the parameters of a loss have to fit. */
export interface LossSizes {
  /** K */
  readonly classes: number;
  /** M */
  readonly attributes: number;
  /** T */
  readonly groups: number;
  /** D */
  readonly embedding: number;
}

/**
 * What a loss needs besides logits, groups and targets: `text` is `classes` and `scale`; `attributes` is `attributes` and
 * `attributeWeights`; `class-counts` is `classCounts`, which needs no text; `ordered-classes` says that the classes have to be
 * degrees of one thing.
 */
export type LossNeed =
  | 'text'
  | 'attributes'
  | 'class-counts'
  | 'ordered-classes';

/** A term of the training objective: a pure function of a batch's tensors to a scalar. It is traceable. */
export interface Loss {
  readonly name: string;
  /** so that a model computes no text features that no loss asks for */
  readonly needs: readonly LossNeed[];
  /** what it wants to know of the nodules and the step besides; default nothing */
  readonly fields?: NoduleFields;
  /**
   * New parameters of the loss's own, such as those of a projection head, which are learnt with the model's. They are no part of
   * what predicts. Default none.
   */
  init?(random: RandomStream, sizes: LossSizes): Tree<NdArray<'float32'>>;
  /**
   * @param params what {@link init} made, as tensors; needed where there are any
   * @throws `MissingInputError` when an input that the loss needs is not there
   * @throws `ShapeError` when the inputs' shapes do not fit together
   */
  compute(inputs: LossInputs, params?: Tree<tf.Tensor>): tf.Scalar;
}

type Present<Name extends keyof LossInputs> = {
  readonly [N in Name]: NonNullable<LossInputs[N]>;
};

/**
 * The named inputs, which are there from here on.
 *
 * @param loss the name that the error mentions
 * @throws `MissingInputError` that names those which are not there
 */
export function present<Name extends keyof LossInputs>(
  inputs: LossInputs,
  loss: string,
  ...names: readonly Name[]
): Present<Name> {
  const missing = names.filter((name) => inputs[name] === undefined);
  if (missing.length > 0) {
    throw new MissingInputError(
      `the loss "${loss}" needs ${missing.join(' and ')}, which the model did not compute: declare it in the loss's "needs", or leave the loss out where there is none (text and attributes take a text tower)`,
    );
  }
  return inputs as Present<Name>;
}

/**
 * A field that the loss asked for.
 *
 * @param loss the name that the error mentions
 * @throws `MissingInputError` for one that it did not ask for
 */
export function fieldOf(
  inputs: LossInputs,
  loss: string,
  name: string,
): tf.Tensor {
  const field = inputs.fields?.[name];
  if (field !== undefined) return field;
  throw new MissingInputError(
    `the loss "${loss}" needs the field "${name}": declare it in the loss's "fields"`,
  );
}
