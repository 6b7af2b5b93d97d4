import { type TensorInfo, upcastType } from '@tensorflow/tfjs-core';

import type { GraphType } from '../graph/graph.js';
import { broadcastOperands, combined, mapStored } from './broadcast.js';
import { castTensor } from './cast.js';
import {
  input,
  type Kernel,
  type KernelCall,
  type KernelTable,
} from './kernel.js';

/** Truth values are compared as the integers 0 and 1: ONNX orders no booleans. */
function comparison(op: string): Kernel {
  return (call) => {
    const { backend } = call;
    const [a, b] = [input(call, 'a'), input(call, 'b')].map((operand) =>
      operand.dtype === 'bool'
        ? castTensor(backend, operand, 'int32')
        : operand,
    ) as [TensorInfo, TensorInfo];
    return combined(backend, op, broadcastOperands(backend, [a, b]), 'bool');
  };
}

function logical(op: string): Kernel {
  return (call) => {
    const { backend } = call;
    const operands = [input(call, 'a'), input(call, 'b')];
    return combined(backend, op, broadcastOperands(backend, operands), 'bool');
  };
}

function not(call: KernelCall): TensorInfo {
  const { backend } = call;
  return mapStored(backend, input(call, 'x'), (value) =>
    backend.graph.node('Not', [value], 'bool', value.shape),
  );
}

const notEqual: Kernel = (call) => {
  const equal = comparison('Equal')(call) as TensorInfo;
  return not({ ...call, inputs: { x: equal } });
};

const select: Kernel = (call) => {
  const { backend } = call;
  const [t, e] = [input(call, 't'), input(call, 'e')];
  const dtype = upcastType(t.dtype, e.dtype) as GraphType;
  // ONNX Runtime chooses between numbers only.
  const chosen = dtype === 'bool' ? 'int32' : dtype;
  const operands = broadcastOperands(backend, [
    input(call, 'condition'),
    castTensor(backend, t, chosen),
    castTensor(backend, e, chosen),
  ]);
  return castTensor(
    backend,
    combined(backend, 'Where', operands, chosen),
    dtype,
  );
};

export const comparisonKernels: KernelTable = {
  Equal: comparison('Equal'),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: logical('And'),
  LogicalNot: not,
  LogicalOr: logical('Or'),
  NotEqual: notEqual,
  Select: select,
};
