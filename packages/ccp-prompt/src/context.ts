import {
  formatShape,
  leaves,
  NdArray,
  ShapeError,
  type Tree,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** The learnable context, [T, W], under the name that CoOp and CoCoOp give it. */
export const contextName = 'ctx';

/** @throws {@link ShapeError} when initial context vectors are not [T, W] */
export function contextSize({ shape }: NdArray): {
  readonly length: number;
  readonly width: number;
} {
  const [length = 0, width = 0] = shape;
  if (shape.length !== 2 || length < 1 || width < 1) {
    throw new ShapeError(
      `the initial context is ${formatShape(shape)}, expected [T, W] with T and W of at least 1`,
    );
  }
  return { length, width };
}

/** A copy to learn in, so that training in place cannot change what the next `init` starts from. */
export function startOf({
  shape,
  data,
}: NdArray<'float32'>): NdArray<'float32'> {
  return new NdArray('float32', shape, data.slice());
}

/** The parameter of a dotted name. @throws {@link ShapeError} that lists the names there are */
export function parameter(params: Tree<tf.Tensor>, name: string): tf.Tensor {
  const found = new Map(leaves(params));
  const value = found.get(name);
  if (value !== undefined) return value;
  throw new ShapeError(
    `the prompt learner's parameters have no "${name}"; they have ${[...found.keys()].join(', ') || 'none'}`,
  );
}

/** The context as one that all nodules share, [1, T, W]. */
export function sharedContext(params: Tree<tf.Tensor>): tf.Tensor3D {
  return tf.expandDims(parameter(params, contextName), 0);
}
