import { NdArray, typedArrayOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { TraceError } from '../errors.js';
import {
  elementTypes,
  expectArray,
  isElementType,
} from '../pure/given-arrays.js';

/**
 * A tensor of the present backend over an array's own elements: they must not change while it lives.
 *
 * @throws `ShapeError` for an array of a type that functions do not take
 */
export function tensorOf(array: NdArray, path: string): tf.Tensor {
  expectArray(array, `"${path}"`);
  return tf.tensor(array.data, [...array.shape], array.dtype);
}

/** A copy of a tensor in host memory. @throws {@link TraceError} for strings and complex numbers */
export function arrayOf(tensor: tf.Tensor, path: string): NdArray {
  const { dtype } = tensor;
  if (!isElementType(dtype)) {
    throw new TraceError(
      `a function gives "${path}" as a tensor of type ${dtype}, expected ${elementTypes.join(', ')}`,
    );
  }
  const values = tensor.dataSync();
  const data =
    dtype === 'bool'
      ? Uint8Array.from(values, (value) => Number(value !== 0))
      : typedArrayOf[dtype].from(values);
  return new NdArray(dtype, tensor.shape, data);
}

/** A tensor that holds elements of its own, outside every scope. */
export function ownTensorOf(array: NdArray, path: string): tf.Tensor {
  const { dtype, shape, data } = array;
  return tf.keep(tensorOf(new NdArray(dtype, shape, data.slice()), path));
}

/**
 * Runs `work` with a backend of tfjs, and puts back the one that was in use.
 *
 * @param work must not wait for anything: tfjs has one backend at a time
 */
export function withBackend<T>(name: string, work: () => T): T {
  // tfjs has no backend before it is first asked for one.
  const before = tf.engine().backendName as string | undefined;
  void tf.setBackend(name);
  try {
    return work();
  } finally {
    if (before !== undefined && before !== name) void tf.setBackend(before);
  }
}
