import type { NdArray, RandomStream, Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/** The sizes of an encoder's inputs and outputs. */
export interface ImageEncoderSizes {
  /** slices of a crop, which are the channels of the network's input, or the depth of a volume */
  readonly slices: number;
  /** T, channel groups */
  readonly groups: number;
  /** D, the length of a group's feature */
  readonly embedding: number;
  /** G, channels of the feature maps */
  readonly channels: number;
}

/** The weights of an encoder, by their PyTorch names, and what changes without a gradient. */
export interface ImageEncoderVariables {
  readonly params: Tree<NdArray<'float32'>>;
  /** running statistics of the batch normalisations */
  readonly statistics: Tree<NdArray<'float32'>>;
}

/** A layer inside an encoder. */
export interface EncoderLayer {
  /** as PyTorch calls it: `layer4` */
  readonly name: string;
  /** what its maps lie over: rows and columns where slices are channels, and slices too in volumes */
  readonly axes: readonly ('z' | 'y' | 'x')[];
}

/**
 * Is given what a layer makes, [B, …places, C], and gives what the network goes on with, of the same shape: as PyTorch's
 * forward hooks do.
 */
export type LayerHook = (layer: string, output: tf.Tensor) => tf.Tensor;

/** What an encoder sees in a batch of B crops. */
export interface ImageFeatures {
  /** feature maps, [B, G, 8, 8] */
  readonly features: tf.Tensor4D;
  /** the same maps as T groups of channels, each flattened to D values and normalised, [B, T, D] */
  readonly groups: tf.Tensor3D;
  /** the running statistics after this batch when training, else the same */
  readonly statistics: Tree<tf.Tensor>;
}

/** A network from CT crops to feature maps and channel-group features: a pair of pure functions. */
export interface ImageEncoder {
  readonly name: string;
  readonly sizes: ImageEncoderSizes;
  /** those that a {@link LayerHook} is called for, from the images on; default none */
  readonly layers?: readonly EncoderLayer[];
  /**
   * Rows and columns of the maps that the 8×8 feature maps are a view of, several maps one after another in each; by default they lie
   * over the image as they are
   */
  readonly featureGrid?: readonly [rows: number, columns: number];

  init(random: RandomStream): ImageEncoderVariables;

  /**
   * It is traceable: no value is read.
   *
   * @param images [B, slices, 32, 32], scaled to 0..1
   * @param options training: normalise by the batch's statistics and update the running ones, else by the running ones;
   *   hook: called after each of {@link layers}
   * @throws `ShapeError` when the images, or a weight, are missing or of another shape
   */
  apply(
    params: Tree<tf.Tensor>,
    statistics: Tree<tf.Tensor>,
    images: tf.Tensor4D,
    options: {
      readonly training: boolean;
      readonly hook?: LayerHook | undefined;
    },
  ): ImageFeatures;
}
