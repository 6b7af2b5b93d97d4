import { kaimingNormal, type Lookup, type Weight } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import {
  type BatchNorm,
  batchNormStatistics,
  batchNormWeights,
} from './batch-norm.js';
import { type Block, type BlockKind, type Layer, window } from './blocks.js';
import { convolution } from './convolution.js';
import type { LayerHook } from './image-encoder.js';

export interface ResidualNetworkOptions {
  /** 2 for images, 3 for volumes */
  readonly axes: 2 | 3;
  /** channels of the input */
  readonly inputs: number;
  /** channels of the first stage; the other three have 2, 4 and 8 times as many */
  readonly width: number;
  readonly kind: BlockKind;
  /** blocks of each of the four stages */
  readonly stages: readonly [number, number, number, number];
}

/** The residual part of a ResNet, without its last pooling and its classifier. */
export interface ResidualNetwork {
  readonly params: readonly Weight[];
  readonly statistics: readonly Weight[];
  /** channels of what it returns */
  readonly outputs: number;
  /** of its four stages: `layer1` to `layer4` */
  readonly layers: readonly string[];
  /**
   * @param x images [B, H, W, inputs] or volumes [B, D, H, W, inputs]
   * @param hook called after each stage
   * @returns every axis of a place an eighth as long, rounded up: of 32×32 images, [B, 4, 4, outputs]
   */
  readonly apply: <T extends tf.Tensor4D | tf.Tensor5D>(
    params: Lookup<tf.Tensor>,
    batchNorm: BatchNorm,
    x: T,
    hook?: LayerHook,
  ) => T;
}

/**
 * A ResNet with torchvision's names, for small images or volumes: the stem is a 3×3 (×3) convolution of stride 1, with no
 * pooling after it.
 *
 * @see He et al., Deep Residual Learning (arXiv 1512.03385), table 1; for volumes, Hara et al. (arXiv 1711.09577), table 1
 */
export function residualNetwork(
  options: ResidualNetworkOptions,
): ResidualNetwork {
  const { axes, inputs, width, kind } = options;
  const stem: Layer = {
    convolution: 'conv1',
    norm: 'bn1',
    shape: [width, inputs, ...window(3, axes)],
    stride: 1,
  };
  const stages = stagesOf(options);
  // In the order of torchvision's `state_dict`.
  const layers = [
    stem,
    ...stages
      .flatMap(({ blocks }) => blocks)
      .flatMap(({ layers: own, shortcut }) =>
        shortcut === undefined ? own : [...own, shortcut],
      ),
  ];
  return {
    params: layers.flatMap(({ convolution: path, norm, shape }) => [
      { path: `${path}.weight`, shape, start: kaimingNormal },
      ...batchNormWeights(norm, shape[0]),
    ]),
    statistics: layers.flatMap(({ norm, shape }) =>
      batchNormStatistics(norm, shape[0]),
    ),
    outputs: 8 * width * kind.expansion,
    layers: stages.map(({ name }) => name),

    apply<T extends tf.Tensor4D | tf.Tensor5D>(
      params: Lookup<tf.Tensor>,
      batchNorm: BatchNorm,
      images: T,
      hook?: LayerHook,
    ): T {
      const run = (x: T, layer: Layer): T =>
        batchNorm(
          convolution(x, params(`${layer.convolution}.weight`), layer.stride),
          layer.norm,
        );
      let x = tf.relu(run(images, stem));
      for (const { name, blocks } of stages) {
        for (const { layers: own, shortcut } of blocks) {
          const branch = own.reduce(
            (seen, layer, i) => run(i === 0 ? seen : tf.relu(seen), layer),
            x,
          );
          const around = shortcut === undefined ? x : run(x, shortcut);
          x = tf.relu(tf.add<T>(branch, around));
        }
        if (hook !== undefined) x = hook(name, x) as T;
      }
      return x;
    },
  };
}

interface Stage {
  readonly name: string;
  readonly blocks: readonly Block[];
}

/** Four stages; each after the first halves the size and doubles the channels, with its first block. */
function stagesOf({
  axes,
  width,
  kind,
  stages,
}: ResidualNetworkOptions): readonly Stage[] {
  return stages.map((count, stage) => {
    const name = `layer${stage + 1}`;
    const channels = width * 2 ** stage;
    const before = stage === 0 ? width : (channels / 2) * kind.expansion;
    const blocks = Array.from({ length: count }, (_, i) =>
      kind.make({
        path: `${name}.${i}`,
        inputs: i === 0 ? before : channels * kind.expansion,
        channels,
        stride: i === 0 && stage > 0 ? 2 : 1,
        axes,
      }),
    );
    return { name, blocks };
  });
}
