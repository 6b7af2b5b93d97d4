import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import { activationKernels } from './activation.js';
import { arithmeticKernels } from './arithmetic.js';
import { convolutionKernels } from './convolution.js';
import { depthwiseKernels } from './depthwise.js';
import {
  attributes,
  type Kernel,
  type KernelTable,
  optionalInput,
} from './kernel.js';
import { matMulKernels } from './matmul.js';

/** The kernels of tfjs's `fused.Activation`s. */
const activations: Readonly<Record<string, Kernel | undefined>> = {
  elu: activationKernels.Elu,
  leakyrelu: activationKernels.LeakyRelu,
  prelu: activationKernels.Prelu,
  relu: activationKernels.Relu,
  relu6: activationKernels.Relu6,
  sigmoid: activationKernels.Sigmoid,
};

/** A kernel, then a bias, then an activation: ONNX Runtime fuses what it can when it loads the graph. */
function fused(table: KernelTable, name: string): Kernel {
  return (call) => {
    const kernel = table[name];
    if (kernel === undefined) throw new TypeError(`there is no kernel ${name}`);
    const { activation = 'linear', leakyreluAlpha = 0.2 } = attributes(
      call,
    ) as { activation?: string; leakyreluAlpha?: number };
    const apply = (
      next: Kernel,
      inputs: NamedTensorInfoMap,
      attrs = call.attrs,
    ): TensorInfo => next({ ...call, inputs, attrs }) as TensorInfo;
    let result = apply(kernel, call.inputs);
    const bias = optionalInput(call, 'bias');
    if (bias !== undefined) {
      result = apply(arithmeticKernels.Add, { a: result, b: bias });
    }
    if (activation === 'linear') return result;
    const activate = activations[activation];
    if (activate === undefined) {
      throw new TraceError(
        `the fused activation ${activation} is not traced; known are linear, ${Object.keys(activations).join(', ')}`,
      );
    }
    const alpha = optionalInput(call, 'preluActivationWeights');
    return apply(activate, { x: result, alpha }, { alpha: leakyreluAlpha });
  };
}

export const fusedKernels: KernelTable = {
  FusedConv2D: fused(convolutionKernels, 'Conv2D'),
  FusedDepthwiseConv2D: fused(depthwiseKernels, 'DepthwiseConv2dNative'),
  _FusedMatMul: fused(matMulKernels, 'BatchMatMul'),
};
