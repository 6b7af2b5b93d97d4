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
import * as tf from '@tensorflow/tfjs-core';

import { frozenBatchNorm, trainingBatchNorm } from './batch-norm.js';
import { channelsFirst, channelsLast, convolution } from './convolution.js';
import type { ImageEncoder } from './image-encoder.js';
import { normalise } from './normalise.js';
import { residualNetwork } from './residual-network.js';

export interface ResNet18Options {
  /** slices of a crop, the channels of the input */
  readonly slices?: number;
  /** channels of the first stage; the other three have 2, 4 and 8 times as many */
  readonly width?: number;
  /** T, channel groups of the output */
  readonly groups?: number;
  /** D, length of a group's feature: a multiple of 64, the size of a feature map */
  readonly embedding?: number;
}

/** Height and width of a crop, and of a feature map. */
const imageSize = 32;
const mapSize = 8;

/**
 * CLIP-Lung's image encoder: ResNet-18 over a crop's slices as channels. Its 8w×4×4 output is viewed as 2w×8×8, and a 1×1
 * convolution, `reduce`, makes it G = T·D/64 maps, of which T groups of channels are the nodule's T features of length D.
 *
 * Weights are torchvision's by name and layout (`layer2.0.downsample.0.weight` [O, I, H, W]), and start as torchvision's.
 *
 * @throws `ShapeError` when an option is no whole number of at least 1, or the embedding no multiple of 64
 * @see CLIP-Lung (arXiv 2304.08013)
 */
export function resnet18({
  slices = 32,
  width = 64,
  groups = 4,
  embedding = 512,
}: ResNet18Options = {}): ImageEncoder {
  const pixels = mapSize * mapSize;
  checkCount('slices', slices);
  checkCount('width', width);
  checkCount('groups', groups);
  checkCount('embedding', embedding, pixels);
  const channels = (groups * embedding) / pixels;
  const name = 'resnet18';
  const trunk = residualNetwork(slices, width);
  const viewed = 2 * width;
  const weights: readonly Weight[] = [
    ...trunk.params,
    {
      path: 'reduce.weight',
      shape: [channels, viewed, 1, 1],
      start: kaimingNormal,
    },
    { path: 'reduce.bias', shape: [channels], start: uniformWithin(viewed) },
  ];

  return {
    name,
    sizes: { slices, groups, embedding, channels },

    init: (random) => ({
      params: treeOf(startAll(weights, random)),
      statistics: treeOf(startAll(trunk.statistics, random)),
    }),

    apply(params, statistics, images, { training }) {
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

      const deep = trunk.apply(weight, batchNorm, channelsLast(images));
      const maps: tf.Tensor4D = tf.reshape(channelsFirst(deep), [
        batch,
        viewed,
        mapSize,
        mapSize,
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
