import { at, formatShape } from '@clip-lung/tensor';
import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';

import type { GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import { graphType } from '../symbols/host-values.js';
import { identityOrder, type Order, permute } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';

/** A matrix operand, and whether the product must read it transposed. */
interface Operand {
  readonly value: GraphValue;
  readonly transposed: boolean;
}

/** The last two axes as they are stored, swapped or not: a swap is left to the product. */
function operand(
  backend: TraceBackend,
  tensor: TensorInfo,
  transposed: boolean,
): Operand {
  const rank = tensor.shape.length;
  const order = backend.orderOf(tensor);
  const swapped = order[rank - 1] === rank - 2 && order[rank - 2] === rank - 1;
  if (!swapped) {
    return { value: arrange(backend, tensor, identityOrder(rank)), transposed };
  }
  const target: Order = [...identityOrder(rank - 2), rank - 1, rank - 2];
  return { value: arrange(backend, tensor, target), transposed: !transposed };
}

const matMul: Kernel = (call) => {
  const { backend } = call;
  const { graph } = backend;
  const { transposeA, transposeB } = attributes(call) as {
    transposeA: boolean;
    transposeB: boolean;
  };
  const left = input(call, 'a');
  const right = input(call, 'b');
  const rows = at(left.shape, left.shape.length - (transposeA ? 1 : 2));
  const columns = at(right.shape, right.shape.length - (transposeB ? 2 : 1));
  const [inner, other] = [
    left.shape.at(transposeA ? -2 : -1),
    right.shape.at(transposeB ? -1 : -2),
  ];
  util.assert(
    inner === other,
    () =>
      `the shapes ${formatShape(left.shape)} and ${formatShape(right.shape)}, with transposeA=${String(transposeA)} and transposeB=${String(transposeB)}, are multiplied along axes of the lengths ${String(inner)} and ${String(other)}`,
  );
  const batch = backend_util.assertAndGetBroadcastShape(
    left.shape.slice(0, -2),
    right.shape.slice(0, -2),
  );
  const shape = [...batch, rows, columns];
  const a = operand(backend, left, transposeA);
  const b = operand(backend, right, transposeB);
  const dtype = graphType(left.dtype);
  // ONNX Runtime's Gemm knows no integers.
  if (shape.length === 2 && dtype === 'float32') {
    const flags = {
      transA: Number(a.transposed),
      transB: Number(b.transposed),
    };
    return backend.symbol(
      graph.node('Gemm', [a.value, b.value], dtype, shape, flags),
    );
  }
  return backend.symbol(
    graph.node(
      'MatMul',
      [upright(backend, a), upright(backend, b)],
      dtype,
      shape,
    ),
  );
};

/** ONNX's MatMul has no flags; ONNX Runtime merges the transposition into the product when it loads the graph. */
function upright(
  { graph }: TraceBackend,
  { value, transposed }: Operand,
): GraphValue {
  if (!transposed) return value;
  const rank = value.shape.length;
  const perm = [...identityOrder(rank - 2), rank - 1, rank - 2];
  const shape = permute(value.shape, perm);
  return graph.node('Transpose', [value], value.dtype, shape, { perm });
}

export const matMulKernels: KernelTable = { BatchMatMul: matMul };
