import { mapTree, type NdArray, type Tree, zipTrees } from '@clip-lung/tensor';
import type { TensorTree } from '@clip-lung/tensor/tfjs';
import type * as tf from '@tensorflow/tfjs-core';

type HostTree = Tree<NdArray<'float32'>>;

/** `mapTree` over arrays. */
export const mapArrays: (
  tree: HostTree,
  change: (array: NdArray<'float32'>) => NdArray<'float32'>,
) => HostTree = mapTree;

/** `mapTree` over tensors. */
export const mapTensors: (
  tree: TensorTree,
  change: (tensor: tf.Tensor) => tf.Tensor,
) => TensorTree = mapTree;

/** `zipTrees` over tensors. @throws `ShapeError` that lists the paths which only one of the trees has */
export const zipTensors: (
  a: TensorTree,
  b: TensorTree,
  combine: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
) => TensorTree = zipTrees;
