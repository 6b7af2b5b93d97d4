import { at, sizeOf } from '@clip-lung/tensor';

import { exactly } from '../../exactly.js';
import type { GraphNode, GraphValue } from '../graph/graph.js';

/** What a node takes, by its shapes alone. */
export interface Cost {
  /** floating-point operations; a multiplication and an addition are two */
  readonly flops: number;
  /** read and written, each operand once */
  readonly bytes: number;
}

/** Operators that compute nothing: they move elements, or only rename them. */
const moving = new Set([
  'Cast',
  'Concat',
  'Expand',
  'Gather',
  'Identity',
  'Pad',
  'Reshape',
  'Slice',
  'Split',
  'Tile',
  'Transpose',
]);
const free = new Set(['Identity', 'Reshape']);

const width = { float32: 4, int32: 4, int64: 8, bool: 1 } as const;

/** The cost of one node of a traced graph. */
export function costOf(node: GraphNode): Cost {
  const values = free.has(node.op) ? [] : [...node.inputs, ...node.outputs];
  const bytes = values.reduce((sum, value) => sum + bytesOf(value), 0);
  return { flops: flopsOf(node), bytes };
}

function bytesOf({ shape, dtype }: GraphValue): number {
  return sizeOf(shape) * width[dtype];
}

function flopsOf({ op, inputs, outputs, attributes }: GraphNode): number {
  const [first] = inputs;
  const made = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (moving.has(op) || first === undefined) return 0;
  switch (op) {
    case 'Gemm': {
      const [rows, columns] = exactly(first.shape, 2);
      return 2 * made * (attributes['transA'] === 1 ? rows : columns);
    }
    case 'MatMul':
      return 2 * made * at(first.shape, first.shape.length - 1);
    case 'Conv':
      // Each output is a product with one filter, [I / groups, H, W].
      return 2 * made * sizeOf(at(inputs, 1).shape.slice(1));
    case 'ConvTranspose':
      // Each input is spread by its filters, [O / groups, H, W].
      return 2 * sizeOf(first.shape) * sizeOf(at(inputs, 1).shape.slice(1));
    default:
      return op.startsWith('Reduce') || op.endsWith('Pool')
        ? sizeOf(first.shape)
        : made;
  }
}
