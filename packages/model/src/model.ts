import type { ClassifierHead } from '@clip-lung/heads';
import type { ImageEncoder } from '@clip-lung/image-encoder';
import type { LossInputs } from '@clip-lung/losses';
import {
  type NdArray,
  type RandomStream,
  scalar,
  type Tree,
} from '@clip-lung/tensor';
import type { TextTower } from '@clip-lung/text-encoder';
import * as tf from '@tensorflow/tfjs-core';

import { ExperimentError } from './errors.js';
import type { ResolvedExperiment } from './experiment.js';
import { heads, imageEncoders, losses as lossRegistry } from './modules.js';
import { createTextBranch } from './text-branch.js';

type Host = Tree<NdArray<'float32'>>;
type Tensors = Tree<tf.Tensor>;

/** Everything that is learned: `image`, `head`, and with text `prompt` and `logit_scale`. */
export interface ModelParams {
  readonly image: Tensors;
  readonly head: Tensors;
  readonly prompt: Tensors;
  readonly logit_scale: tf.Tensor;
}

/** One batch of B nodules. */
export interface Batch {
  /** crops scaled to 0..1, [B, slices, 32, 32] */
  readonly images: tf.Tensor;
  /** what is true of each nodule, each row adds up to 1; a label is a row with a single 1, [B, K] */
  readonly targets: tf.Tensor;
  /** [B, M] */
  readonly attributeWeights: tf.Tensor;
}

export interface LossResult {
  /** the weighted sum of the terms, scalar */
  readonly total: tf.Scalar;
  /** each term before its weight, by name, scalars */
  readonly terms: Readonly<Record<string, tf.Scalar>>;
  /** [B, K] */
  readonly logits: tf.Tensor2D;
  /** batch-norm statistics after this batch */
  readonly statistics: Tensors;
}

/** The whole of CLIP-Lung, or of a baseline, as pure functions over trees. */
export interface Model {
  /** K names, in the order of the logits */
  readonly classes: readonly string[];
  /** the text tower's weights: constants of a training step */
  readonly frozen: Host;
  /** crops have as many slices, and slices as many rows and columns */
  readonly cropSize: number;
  init(random: RandomStream): {
    readonly params: Host;
    readonly statistics: Host;
  };
  /** The training objective of a batch. */
  loss(
    params: ModelParams,
    statistics: Tensors,
    batch: Batch,
    frozen: Tensors,
  ): LossResult;
  /**
   * What inference runs: the image encoder and the head, no text.
   *
   * @param images [B, slices, 32, 32], 0..1
   * @returns logits, [B, K]
   */
  predict(
    params: Pick<ModelParams, 'image' | 'head'>,
    statistics: Tensors,
    images: tf.Tensor,
  ): tf.Tensor2D;
}

/** The logit scale starts at 1 / 0.07, as CLIP's. @see Radford et al. 2021 (arXiv 2103.00020), §2.5 */
const startingTemperature = 0.07;
/** CLIP's own bound: beyond it, training is not stable. */
const largestScale = 100;

/**
 * Composes the modules that an experiment names.
 *
 * @param tower null for an experiment without text
 * @throws {@link ExperimentError} when they do not fit together
 */
export function createModel(
  experiment: ResolvedExperiment,
  {
    classes,
    tower,
  }: { readonly classes: readonly string[]; readonly tower: TextTower | null },
): Model {
  const embedding =
    tower?.config.embedding ?? Number(experiment.image['embedding']);
  const encoder: ImageEncoder = imageEncoders.create(
    experiment.image,
    { embedding },
    'image',
  );
  const { groups, channels, slices } = encoder.sizes;
  const head: ClassifierHead = heads.create(
    experiment.head,
    { classes: classes.length, channels },
    'head',
  );
  const terms = experiment.losses.map(({ weight, ...loss }, i) => ({
    weight,
    loss: lossRegistry.create(loss, {}, `losses[${i}]`),
  }));
  const needs = new Set(terms.flatMap(({ loss }) => loss.needs));
  if (needs.size > 0 && (tower === null || experiment.prompt === null)) {
    throw new ExperimentError(
      'text',
      `the losses need a text tower, and there is none`,
    );
  }
  const text =
    tower === null || experiment.prompt === null || needs.size === 0
      ? undefined
      : createTextBranch({
          tower,
          prompt: experiment.prompt,
          classes,
          withAttributes: needs.has('attributes'),
          contextLength: groups,
        });

  return {
    classes,
    frozen: text?.frozen ?? {},
    cropSize: slices,
    init(random) {
      const image = encoder.init(random.stream('image'));
      return {
        params: {
          image: image.params,
          head: head.init(random.stream('head')),
          prompt: text?.init(random.stream('prompt')) ?? {},
          ...(text === undefined
            ? {}
            : { logit_scale: scalar(Math.log(1 / startingTemperature)) }),
        },
        statistics: image.statistics,
      };
    },
    loss(params, statistics, { images, targets, attributeWeights }, frozen) {
      const seen = encoder.apply(
        params.image,
        statistics,
        images as tf.Tensor4D,
        { training: true },
      );
      const inputs: LossInputs = {
        logits: head.apply(params.head, seen.features),
        targets: targets as tf.Tensor2D,
        groups: seen.groups,
        attributeWeights: attributeWeights as tf.Tensor2D,
        ...(text === undefined
          ? {}
          : {
              ...text.apply(params.prompt, frozen, seen.groups),
              scale: tf.exp(
                tf.minimum(params.logit_scale, Math.log(largestScale)),
              ),
            }),
      };
      const values = terms.map(({ loss, weight }) => ({
        loss,
        weight,
        value: loss.compute(inputs),
      }));
      return {
        total: values
          .map(({ value, weight }) => tf.mul<tf.Scalar>(value, weight))
          .reduce((sum, term) => tf.add<tf.Scalar>(sum, term)),
        terms: Object.fromEntries(
          values.map(({ loss, value }) => [loss.name, value]),
        ),
        logits: inputs.logits,
        statistics: seen.statistics,
      };
    },
    predict(params, statistics, images) {
      const { features } = encoder.apply(
        params.image,
        statistics,
        images as tf.Tensor4D,
        { training: false },
      );
      return head.apply(params.head, features);
    },
  };
}
