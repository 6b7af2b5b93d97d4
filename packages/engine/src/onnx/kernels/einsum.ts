import { backend_util } from '@tensorflow/tfjs-core';

import { arrangePlain } from '../symbols/arrange.js';
import type { GraphType } from '../graph/graph.js';
import {
  attributes,
  inputList,
  type Kernel,
  type KernelTable,
} from './kernel.js';

const einsum: Kernel = (call) => {
  const { backend } = call;
  const tensors = inputList(call);
  const { equation } = attributes(call) as { equation: string };
  const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(
    equation,
    tensors.length,
  );
  const lengths = new Map<number, number>();
  tensors.forEach(({ shape }, i) => {
    idDims[i]?.forEach((dim, axis) => lengths.set(dim, shape[axis] ?? 1));
  });
  // The letters of the result come first, those that are summed over last.
  const results = allDims.length - summedDims.length;
  const shape = Array.from(
    { length: results },
    (_, dim) => lengths.get(dim) ?? 1,
  );
  return backend.symbol(
    backend.graph.node(
      'Einsum',
      tensors.map((tensor) => arrangePlain(backend, tensor)),
      (tensors[0]?.dtype ?? 'float32') as GraphType,
      shape,
      { equation: equation.replaceAll(/\s/g, '') },
    ),
  );
};

export const einsumKernels: KernelTable = { Einsum: einsum };
