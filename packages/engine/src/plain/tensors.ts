import { NdArray, typedArrayOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** A tensor of the present backend over an array's own elements: they must not change while it lives. */
export function tensorOf({ dtype, shape, data }: NdArray): tf.Tensor {
  return tf.tensor(data as Float32Array, [...shape], dtype as 'float32');
}

/** A copy of a tensor in host memory. @throws `TypeError` for strings and complex numbers */
export function arrayOf(tensor: tf.Tensor): NdArray {
  const { dtype } = tensor;
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    throw new TypeError(`a function gives a tensor of type ${dtype}`);
  }
  const data = typedArrayOf[dtype].from(tensor.dataSync());
  return new NdArray(dtype, tensor.shape, data);
}

/** A tensor that holds elements of its own, outside every scope. */
export function ownTensorOf({ dtype, shape, data }: NdArray): tf.Tensor {
  return tf.keep(tensorOf(new NdArray(dtype, shape, data.slice())));
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
