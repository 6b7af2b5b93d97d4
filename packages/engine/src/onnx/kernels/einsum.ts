import { at } from '@clip-lung/tensor';
import { backend_util } from '@tensorflow/tfjs-core';

import type { GraphType } from '../graph/graph.js';
import { arrangePlain } from '../symbols/arrange.js';
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
  const lengths: number[] = [];
  tensors.forEach(({ shape }, i) => {
    at(idDims, i).forEach((dim, axis) => {
      lengths[dim] = at(shape, axis);
    });
  });
  // The letters of the result come first, those that are summed over last.
  const results = allDims.length - summedDims.length;
  const shape = Array.from({ length: results }, (_, dim) => at(lengths, dim));
  return backend.symbol(
    backend.graph.node(
      'Einsum',
      tensors.map((tensor) => arrangePlain(backend, tensor)),
      at(tensors, 0).dtype as GraphType,
      shape,
      { equation: equation.replaceAll(/\s/g, '') },
    ),
  );
};

export const einsumKernels: KernelTable = { Einsum: einsum };
