import {
  type DType,
  isDType,
  NdArray,
  ShapeError,
  type TypedArrays,
} from '@clip-lung/tensor';
import * as ort from 'onnxruntime-node';

const tensors = new WeakMap<NdArray, ort.Tensor>();

/** ONNX Runtime's view of an array: no copy, and the same object every time. */
export function ortTensor(array: NdArray): ort.Tensor {
  let tensor = tensors.get(array);
  if (tensor === undefined) {
    tensor = viewOf(array);
    tensors.set(array, tensor);
  }
  return tensor;
}

/** @throws `ShapeError` that starts with `what` for a type that no array holds, such as float16 */
export function arrayOfOrt(
  { type, dims, data }: ort.Tensor,
  what: string,
): NdArray {
  if (!isDType(type) || !ArrayBuffer.isView(data)) {
    throw new ShapeError(`${what} is ${type}, which is not a type of array`);
  }
  // The array itself checks that its data are of its type.
  return new NdArray(type, dims, data);
}

type View<D extends DType> = (
  data: TypedArrays[D],
  shape: readonly number[],
) => ort.Tensor;

/** The types have the same names; each is written out, so that the compiler holds the data to it. */
const views: { readonly [D in DType]: View<D> } = {
  float32: (data, shape) => new ort.Tensor('float32', data, shape),
  float64: (data, shape) => new ort.Tensor('float64', data, shape),
  int8: (data, shape) => new ort.Tensor('int8', data, shape),
  uint8: (data, shape) => new ort.Tensor('uint8', data, shape),
  int16: (data, shape) => new ort.Tensor('int16', data, shape),
  uint16: (data, shape) => new ort.Tensor('uint16', data, shape),
  int32: (data, shape) => new ort.Tensor('int32', data, shape),
  uint32: (data, shape) => new ort.Tensor('uint32', data, shape),
  int64: (data, shape) => new ort.Tensor('int64', data, shape),
  uint64: (data, shape) => new ort.Tensor('uint64', data, shape),
  bool: (data, shape) => new ort.Tensor('bool', data, shape),
};

function viewOf<D extends DType>({
  dtype,
  data,
  shape,
}: NdArray<D>): ort.Tensor {
  const view: View<D> = views[dtype];
  return view(data, shape);
}
