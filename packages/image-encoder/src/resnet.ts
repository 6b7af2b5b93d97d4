import {
  checkCount,
  formatShape,
  kaimingNormal,
  lookup,
  ShapeError,
  startAll,
  treeOf,
  uniformWithin,
  type Weight,
} from '@clip-lung/tensor';
import { normalise } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';

import { frozenBatchNorm, trainingBatchNorm } from './batch-norm.js';
import { basic, bottleneck } from './blocks.js';
import { channelGroups } from './channel-groups.js';
import { channelsFirst, channelsLast, convolution } from './convolution.js';
import type { ImageEncoder } from './image-encoder.js';
import {
  residualNetwork,
  type ResidualNetworkOptions,
} from './residual-network.js';

export interface ResNetOptions {
  /** slices of a crop: the channels of the input, or the depth of a volume */
  readonly slices?: number;
  /** channels of the first stage; the other three have 2, 4 and 8 times as many */
  readonly width?: number;
  /** T, channel groups of the output */
  readonly groups?: number;
  /** D, length of a group's feature: a multiple of 64, the size of a feature map */
  readonly embedding?: number;
  /** G, feature maps: T·D/64, which is the only number that fits; given, it is checked */
  readonly channels?: number | undefined;
}

/** Height and width of a crop. */
const imageSize = 32;

/** Height and width of what the last stage makes of it. */
const deepSize = 4;

/** ResNet-18 with two basic blocks a stage: 8w×4×4, viewed as 2w×8×8. */
export const resnet18 = (options: ResNetOptions = {}): ImageEncoder =>
  resNet('resnet18', { kind: basic, stages: [2, 2, 2, 2] }, options);

/** ResNet-34 with 3, 4, 6 and 3 basic blocks: 8w×4×4, viewed as 2w×8×8. */
export const resnet34 = (options: ResNetOptions = {}): ImageEncoder =>
  resNet('resnet34', { kind: basic, stages: [3, 4, 6, 3] }, options);

/**
 * ResNet-18 over a crop as a volume of one channel, with windows of 3×3×3. Its 8w×4×4×4 output is averaged over the depth;
 * what comes of it is that of {@link resnet18}, 8w×4×4 viewed as 2w×8×8.
 *
 * The blocks, strides and names are those of Hara et al.'s 3D ResNet-18 with convolutions in its shortcuts, which MedicalNet
 * shares, and torchvision's `r3d_18` but for the names. Their stems halve or quarter the size for clips of 112×112 pixels;
 * here it is that of our images, of stride 1 and without pooling, so that 32 voxels become 4, and not 1.
 *
 * @see Hara et al., Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs and ImageNet? (arXiv 1711.09577), table 1
 */
export const volumeResnet18 = (options: ResNetOptions = {}): ImageEncoder =>
  resNet('resnet18-3d', { kind: basic, stages: [2, 2, 2, 2] }, options, 3);

/** ResNet-50 with 3, 4, 6 and 3 bottlenecks: 32w×4×4, viewed as 8w×8×8. */
export const resnet50 = (options: ResNetOptions = {}): ImageEncoder =>
  resNet('resnet50', { kind: bottleneck, stages: [3, 4, 6, 3] }, options);

/**
 * CLIP-Lung's image encoder: a ResNet over a crop's slices as channels, or over the crop as a volume. Its C×4×4 output is viewed as C/4×8×8, and a 1×1
 * convolution, `reduce`, makes it G = T·D/64 maps, of which T groups of channels are the nodule's T features of length D.
 *
 * Weights are torchvision's by name and layout (`layer2.0.downsample.0.weight` [O, I, H, W], or [O, I, D, H, W]), and start
 * as torchvision's.
 *
 * @param axes of a window: 2, or 3 in volumes
 * @throws `ShapeError` when an option is no whole number of at least 1, or the sizes do not fit together
 * @see CLIP-Lung (arXiv 2304.08013)
 */
function resNet(
  name: string,
  blocks: Pick<ResidualNetworkOptions, 'kind' | 'stages'>,
  {
    slices = 32,
    width = 64,
    groups = 4,
    embedding = 512,
    channels,
  }: ResNetOptions,
  axes: 2 | 3 = 2,
): ImageEncoder {
  checkCount('slices', slices);
  checkCount('width', width);
  const split = channelGroups({ groups, embedding, channels });
  const trunk = residualNetwork({
    ...blocks,
    axes,
    inputs: axes === 2 ? slices : 1,
    width,
  });
  const viewed = trunk.outputs / 4;
  const weights: readonly Weight[] = [
    ...trunk.params,
    {
      path: 'reduce.weight',
      shape: [split.channels, viewed, 1, 1],
      start: kaimingNormal,
    },
    {
      path: 'reduce.bias',
      shape: [split.channels],
      start: uniformWithin(viewed),
    },
  ];

  return {
    name,
    sizes: { slices, groups, embedding, channels: split.channels },
    layers: trunk.layers.map((layer) => ({
      name: layer,
      axes: axes === 2 ? ['y', 'x'] : ['z', 'y', 'x'],
    })),
    featureGrid: [deepSize, deepSize],

    init: (random) => ({
      params: treeOf(startAll(weights, random)),
      statistics: treeOf(startAll(trunk.statistics, random)),
    }),

    apply(params, statistics, images, { training, hook }) {
      const [batch, ...image] = images.shape;
      if (image.join() !== [slices, imageSize, imageSize].join()) {
        throw new ShapeError(
          `the images are ${formatShape(images.shape)}, ${name} takes [any, ${slices}, ${imageSize}, ${imageSize}]`,
        );
      }
      const weight = lookup(params, weights, name);
      const running = lookup(statistics, trunk.statistics, name);
      const updated: [path: string, value: tf.Tensor][] = [];
      const batchNorm = training
        ? trainingBatchNorm(weight, running, (path, value) => {
            updated.push([path, value]);
          })
        : frozenBatchNorm(weight, running);

      const deep: tf.Tensor4D =
        axes === 2
          ? trunk.apply(weight, batchNorm, channelsLast(images), hook)
          : tf.mean(
              trunk.apply(weight, batchNorm, tf.expandDims(images, -1), hook),
              1,
            );
      const maps: tf.Tensor4D = tf.reshape(channelsFirst(deep), [
        batch,
        viewed,
        split.mapSize,
        split.mapSize,
      ]);
      const reduced = tf.add<tf.Tensor4D>(
        convolution(channelsLast(maps), weight('reduce.weight'), 1),
        weight('reduce.bias'),
      );
      const features = channelsFirst(reduced);
      return {
        features,
        groups: normalise(tf.reshape(features, [batch, groups, embedding])),
        statistics: training ? treeOf(updated) : statistics,
      };
    },
  };
}
