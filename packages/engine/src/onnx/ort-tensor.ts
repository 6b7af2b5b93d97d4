import type { NdArray } from '@clip-lung/tensor';
import * as ort from 'onnxruntime-node';

const tensors = new WeakMap<NdArray, ort.Tensor>();

/** ONNX Runtime's view of an array: no copy, and the same object every time. */
export function ortTensor(array: NdArray): ort.Tensor {
  let tensor = tensors.get(array);
  if (tensor === undefined) {
    tensor = new ort.Tensor(
      array.dtype as 'float32',
      array.data as Float32Array,
      array.shape,
    );
    tensors.set(array, tensor);
  }
  return tensor;
}
