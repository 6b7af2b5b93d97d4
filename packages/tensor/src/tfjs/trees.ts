import * as tf from '@tensorflow/tfjs-core';

import { ShapeError } from '../error.js';
import { NdArray } from '../nd-array.js';
import { type MapLeaves, mapTree, type Tree } from '../tree.js';

/** Tensors of tfjs, by their dotted paths. */
export type TensorTree = Tree<tf.Tensor>;

/** The tree of the same form as `T`, an array or a tree of arrays, with a tensor in place of each. */
export type Tensors<T> =
  Tree<NdArray<'float32'>> extends T
    ? TensorTree
    : T extends NdArray
      ? tf.Tensor
      : { readonly [Name in keyof T]: Tensors<T[Name]> };

/** The tree of the same form as `T`, a tensor or a tree of tensors, with an array in place of each. */
export type Hosted<T> = MapLeaves<T, tf.Tensor, NdArray>;

/** The types of elements that both arrays and tensors have. */
const shared = 'float32, int32, bool';

/**
 * Tensors with the shapes, types and elements of arrays. They have copies of their own of the elements, on the backend of tfjs
 * that is in use, and live until they are disposed of.
 *
 * @param tree an array, or plain objects of arrays: float32, int32 or bool, of any shape
 * @returns the same form, with a tensor of the same shape for each array
 * @throws {@link ShapeError} that names an array of another type
 */
export function toTensors<T extends Tree<NdArray>>(tree: T): Tensors<T> {
  return mapTree(tree, (array: NdArray, path) => {
    if (array.is('float32') || array.is('int32') || array.is('bool')) {
      return tf.tensor(array.data.slice(), [...array.shape], array.dtype);
    }
    throw new ShapeError(
      `the array${named(path)} is ${array.dtype}, and tfjs has no tensors of that type; convert it to one of ${shared}`,
    );
  });
}

/**
 * Copies of tensors in host memory. Each is read at once, as by `dataSync`: whoever calls it waits for the backend.
 *
 * @param tree a tensor, or plain objects of tensors: float32, int32 or bool, of any shape
 * @returns the same form, with an array of the same shape for each tensor; the tensors stay
 * @throws {@link ShapeError} that names a tensor of another type, such as text
 */
export function toHost<T extends TensorTree>(tree: T): Hosted<T> {
  return mapTree(tree, (tensor: tf.Tensor, path) => {
    const { dtype, shape } = tensor;
    switch (dtype) {
      case 'float32':
        return new NdArray(dtype, shape, tensor.dataSync<'float32'>().slice());
      case 'int32':
        return new NdArray(dtype, shape, tensor.dataSync<'int32'>().slice());
      case 'bool':
        return new NdArray(dtype, shape, tensor.dataSync<'bool'>().slice());
      default:
        throw new ShapeError(
          `the tensor${named(path)} is ${dtype}, and arrays hold numbers and truth values; expected one of ${shared}`,
        );
    }
  });
}

const named = (path: string): string => (path === '' ? '' : ` "${path}"`);
