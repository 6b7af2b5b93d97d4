import { sizeOf } from '@clip-lung/tensor';

import type { Graph, GraphValue } from '../graph/graph.js';

/**
 * The sum of the rows of a value seen as [rows, columns], times a factor, as a product with a row of that factor: threads
 * share long rows well. ONNX Runtime's own reductions of leading axes go over short rows, or with two threads, several times
 * as slowly.
 *
 * @returns [1, columns]
 */
export function rowSum(
  graph: Graph,
  value: GraphValue,
  rows: number,
  factor = 1,
): GraphValue {
  const columns = sizeOf(value.shape) / rows;
  const factors = new Float32Array(rows).fill(factor);
  return graph.node(
    'Gemm',
    [
      graph.constant('float32', [1, rows], factors),
      graph.reshape(value, [rows, columns]),
    ],
    'float32',
    [1, columns],
  );
}
