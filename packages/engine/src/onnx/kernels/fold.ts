import { at, sizeOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import { cpuBackend } from '../../cpu-backend.js';
import { TraceError } from '../../errors.js';
import { exactly } from '../../exactly.js';
import { graphType, hostOf } from '../symbols/host-values.js';
import { inputList, type KernelCall } from './kernel.js';

/** Kernels that cost nothing in the graph: computing them ahead would only copy their elements. */
const free = new Set([
  'ExpandDims',
  'Fill',
  'Identity',
  'OnesLike',
  'Reshape',
  'ZerosLike',
]);

/** Above these many elements and multiplications, ONNX Runtime computes a constant faster, when it loads the graph. */
const elementLimit = 1 << 16;
const matrixLimit = 1 << 22;
const productLimit = 1 << 24;

/**
 * Computes a kernel of which every input is known while tracing, with plain tfjs.
 *
 * @returns the results as constants, or undefined when the kernel has to run in the graph
 */
export function foldConstants(
  name: string,
  call: KernelCall,
): tf.TensorInfo | tf.TensorInfo[] | undefined {
  const { backend } = call;
  const tensors = inputList(call);
  if (free.has(name) || tensors.length === 0) return undefined;
  if (!tensors.every((tensor) => backend.isConstant(tensor))) return undefined;
  if (isLarge(name, tensors)) return undefined;
  const kernel = tf.getKernel(name, 'cpu') as tf.KernelConfig | undefined;
  return kernel === undefined ? undefined : computeAhead(name, call);
}

/**
 * Computes a kernel with plain tfjs while tracing.
 *
 * @param call every input is a constant
 */
export function computeAhead(
  name: string,
  { inputs, attrs, backend }: KernelCall,
): tf.TensorInfo | tf.TensorInfo[] {
  const kernel = tf.getKernel(name, 'cpu');
  const cpu = cpuBackend();

  const made: tf.TensorInfo[] = [];
  const onCpu = (tensor: tf.TensorInfo): tf.TensorInfo => {
    const values = backend.hostValues(tensor);
    if (values === undefined) {
      throw new TraceError(
        `${name} is folded, but depends on values that are not known yet`,
      );
    }
    const info = cpu.makeTensorInfo(tensor.shape, tensor.dtype, values);
    made.push(info);
    return info;
  };
  const operands = Object.fromEntries(
    Object.entries(inputs).map(([key, tensor]) => [
      key,
      tensor && onCpu(tensor),
    ]),
  );
  // Concat and Pack take their inputs as an array.
  const given = Array.isArray(inputs) ? Object.values(operands) : operands;
  const results = kernel.kernelFunc({
    inputs: given as tf.NamedTensorInfoMap,
    ...(attrs === undefined ? {} : { attrs }),
    backend: cpu,
  });
  const constants = [results].flat().map((info) => {
    // tfjs-cpu passes elements on under another type where it need not change them: a cast to float gives the integers.
    const { dtype, shape } = info;
    const values = hostOf(cpu.readSync(info.dataId), dtype).slice();
    return backend.constant(shape, graphType(dtype), values);
  });
  for (const info of [...made, ...[results].flat()])
    cpu.disposeIntermediateTensorInfo(info);
  const [only] = constants;
  return Array.isArray(results) || only === undefined ? constants : only;
}

function isLarge(name: string, tensors: readonly tf.TensorInfo[]): boolean {
  const sizes = tensors.map(({ shape }) => sizeOf(shape));
  const largest = Math.max(...sizes);
  if (name.startsWith('Conv')) return true;
  if (name === 'BatchMatMul') {
    const [a, b] = exactly(sizes, 2);
    const { shape } = at(tensors, 1);
    const columns = at(shape, shape.length - 1);
    return Math.max(a, b) > matrixLimit || a * columns > productLimit;
  }
  return largest > elementLimit;
}
