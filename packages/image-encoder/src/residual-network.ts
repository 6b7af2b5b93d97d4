import * as tf from '@tensorflow/tfjs-core';

import {
  type BatchNorm,
  batchNormStatistics,
  batchNormWeights,
} from './batch-norm.js';
import { convolution } from './convolution.js';
import { kaimingNormal, type Lookup, type Weight } from '@clip-lung/tensor';

/** Two 3×3 convolutions and a shortcut around them, which is a 1×1 convolution where the shape changes. */
interface Block {
  /** `layer2.0` */
  readonly path: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: 1 | 2;
}

/** ResNet-18's four stages of two blocks; each stage after the first halves the size and doubles the channels. */
function blocksOf(width: number): readonly Block[] {
  return [1, 2, 4, 8].flatMap((factor, stage): Block[] => {
    const outputs = width * factor;
    const path = `layer${stage + 1}`;
    return [
      stage === 0
        ? { path: `${path}.0`, inputs: outputs, outputs, stride: 1 }
        : { path: `${path}.0`, inputs: outputs / 2, outputs, stride: 2 },
      { path: `${path}.1`, inputs: outputs, outputs, stride: 1 },
    ];
  });
}

/** A convolution and the batch normalisation after it. */
interface Layer {
  readonly convolution: string;
  readonly norm: string;
  /** [O, I, window, window] */
  readonly shape: readonly [number, number, number, number];
}

/** Every convolution, in the order of torchvision's `state_dict`. */
function layersOf(slices: number, width: number): readonly Layer[] {
  const stem: Layer = {
    convolution: 'conv1',
    norm: 'bn1',
    shape: [width, slices, 3, 3],
  };
  return [
    stem,
    ...blocksOf(width).flatMap(({ path, inputs, outputs, stride }): Layer[] => [
      {
        convolution: `${path}.conv1`,
        norm: `${path}.bn1`,
        shape: [outputs, inputs, 3, 3],
      },
      {
        convolution: `${path}.conv2`,
        norm: `${path}.bn2`,
        shape: [outputs, outputs, 3, 3],
      },
      ...(stride === 1
        ? []
        : [
            {
              convolution: `${path}.downsample.0`,
              norm: `${path}.downsample.1`,
              shape: [outputs, inputs, 1, 1],
            } as const,
          ]),
    ]),
  ];
}

/** The residual part of a ResNet-18, without its last pooling and its classifier. */
export interface ResidualNetwork {
  readonly params: readonly Weight[];
  readonly statistics: readonly Weight[];
  /**
   * @param x [B, 32, 32, slices]
   * @returns [B, 4, 4, 8 · width]
   */
  readonly apply: (
    params: Lookup<tf.Tensor>,
    batchNorm: BatchNorm,
    x: tf.Tensor4D,
  ) => tf.Tensor4D;
}

/**
 * ResNet-18 with torchvision's names, for small images: the stem is a 3×3 convolution of stride 1, with no pooling after it.
 *
 * @param slices channels of the input
 * @param width channels of the first stage
 * @see He et al., Deep Residual Learning (arXiv 1512.03385), table 1
 */
export function residualNetwork(
  slices: number,
  width: number,
): ResidualNetwork {
  const layers = layersOf(slices, width);
  const blocks = blocksOf(width);
  return {
    params: layers.flatMap(({ convolution: path, norm, shape }) => [
      { path: `${path}.weight`, shape, start: kaimingNormal },
      ...batchNormWeights(norm, shape[0]),
    ]),
    statistics: layers.flatMap(({ norm, shape }) =>
      batchNormStatistics(norm, shape[0]),
    ),

    apply(params, batchNorm, images) {
      const layer = (
        x: tf.Tensor4D,
        path: string,
        norm: string,
        stride: 1 | 2 = 1,
      ): tf.Tensor4D =>
        batchNorm(convolution(x, params(`${path}.weight`), stride), norm);

      let x = tf.relu(layer(images, 'conv1', 'bn1'));
      for (const { path, stride } of blocks) {
        let branch = layer(x, `${path}.conv1`, `${path}.bn1`, stride);
        branch = layer(tf.relu(branch), `${path}.conv2`, `${path}.bn2`);
        const shortcut =
          stride === 1
            ? x
            : layer(x, `${path}.downsample.0`, `${path}.downsample.1`, stride);
        x = tf.relu(tf.add<tf.Tensor4D>(branch, shortcut));
      }
      return x;
    },
  };
}
