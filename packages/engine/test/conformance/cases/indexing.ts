import { at } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import { type Case, floats, ints, shapes } from '../case.js';

/** Looking up, writing and sorting by index; the indices are computed by the program, or known while it is traced. */
export const indexingCases: readonly Case[] = [
  {
    op: 'tf.gather',
    kernels: ['GatherV2', 'UnsortedSegmentSum'],
    gradient: true,
    runs: 16,
    samples: shapes().chain((shape) =>
      fc.nat({ max: shape.length - 1 }).map((axis) => ({
        inputs: [floats(shape), ints([5], 0, at(shape, axis))],
        fn: (x: tf.Tensor, at: tf.Tensor) => tf.gather(x, at, axis),
      })),
    ),
  },
  {
    op: 'tf.gather, several axes of indices',
    kernels: ['GatherV2'],
    gradient: false,
    samples: shapes(2, 3).chain((shape) =>
      fc.nat({ max: shape.length - 1 }).map((axis) => ({
        inputs: [floats(shape), ints([2, 3], 0, at(shape, axis))],
        fn: (x: tf.Tensor, at: tf.Tensor) => tf.gather(x, at, axis),
      })),
    ),
  },
  {
    op: 'tf.gather, constant indices',
    kernels: ['GatherV2', 'UnsortedSegmentSum'],
    gradient: true,
    samples: shapes(1, 3).map((shape) => ({
      inputs: [floats([3, ...shape])],
      fn: (x: tf.Tensor) => tf.gather(x, tf.tensor1d([2, 0, 2], 'int32')),
    })),
  },
  {
    op: 'tf.gather in batches',
    kernels: ['GatherV2'],
    gradient: false,
    runs: 16,
    samples: fc
      .record({
        batch: fc.integer({ min: 1, max: 2 }),
        outer: fc.integer({ min: 0, max: 1 }),
        own: fc.integer({ min: 0, max: 2 }),
      })
      .map(({ batch, outer, own }) => {
        const batches = [2, 3].slice(0, batch);
        const axis = batch + outer;
        return {
          inputs: [
            floats([...batches, ...[2].slice(0, outer), 4, 3]),
            ints([...batches, ...[5, 2].slice(0, own)], 0, 4),
          ],
          fn: (x: tf.Tensor, at: tf.Tensor) => tf.gather(x, at, axis, batch),
        };
      }),
  },
  {
    op: 'tf.gatherND',
    kernels: ['GatherNd'],
    gradient: false,
    samples: fc.integer({ min: 1, max: 3 }).map((depth) => ({
      inputs: [floats([2, 2, 2, 3]), ints([4, depth], 0, 2)],
      fn: (x: tf.Tensor, at: tf.Tensor) => tf.gatherND(x, at),
    })),
  },
  {
    op: 'tf.scatterND',
    kernels: ['ScatterNd'],
    gradient: false,
    samples: fc.constantFrom(floats([4, 3]), ints([4, 3], -5, 5)).map((u) => ({
      inputs: [ints([4, 1], 0, 5), u],
      fn: (at: tf.Tensor, updates: tf.Tensor) =>
        tf.scatterND(at, updates, [5, 3]),
    })),
  },
  {
    op: 'tf.scatterND by several axes',
    kernels: ['ScatterNd'],
    gradient: false,
    samples: fc.integer({ min: 1, max: 3 }).map((depth) => {
      const shape = [2, 2, 3];
      return {
        inputs: [ints([5, depth], 0, 2), floats([5, ...shape.slice(depth)])],
        fn: (at: tf.Tensor, updates: tf.Tensor) =>
          tf.scatterND(at, updates, shape),
      };
    }),
  },
  {
    op: 'tf.tensorScatterUpdate',
    kernels: ['TensorScatterUpdate'],
    gradient: false,
    samples: fc
      .shuffledSubarray([0, 1, 2, 3], { minLength: 2 })
      .map((rows) => ({
        inputs: [floats([4, 3]), floats([rows.length, 3])],
        fn: (x: tf.Tensor, updates: tf.Tensor) =>
          tf.tensorScatterUpdate(
            x,
            tf.tensor2d(rows, [rows.length, 1], 'int32'),
            updates,
          ),
      })),
  },
  {
    op: 'tf.unsortedSegmentSum',
    kernels: ['UnsortedSegmentSum'],
    gradient: true,
    otherTypes: false,
    samples: shapes(0, 2).map((rest) => ({
      inputs: [floats([6, ...rest]), ints([6], 0, 4)],
      fn: (x: tf.Tensor, ids: tf.Tensor) =>
        tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 4),
    })),
  },
  {
    op: 'tf.unsortedSegmentSum of strangers',
    kernels: ['UnsortedSegmentSum'],
    gradient: false,
    otherTypes: false,
    samples: shapes(0, 2).map((rest) => ({
      inputs: [floats([6, ...rest]), ints([6], -2, 6)],
      fn: (values: tf.Tensor, ids: tf.Tensor) =>
        tf.unsortedSegmentSum(values, ids as tf.Tensor1D, 4),
    })),
  },
  {
    op: 'tf.unsortedSegmentSum of many',
    kernels: ['UnsortedSegmentSum'],
    gradient: true,
    otherTypes: false,
    runs: 2,
    samples: fc.constantFrom(500, 600).map((segments) => ({
      inputs: [floats([40, 2]), ints([40], -5, segments)],
      fn: (x: tf.Tensor, ids: tf.Tensor) =>
        tf.unsortedSegmentSum(x, ids as tf.Tensor1D, segments),
    })),
  },
  {
    op: 'tf.oneHot',
    kernels: ['OneHot'],
    gradient: false,
    samples: fc
      .tuple(
        shapes(1, 3),
        fc.constantFrom<'float32' | 'int32' | 'bool'>(
          'float32',
          'int32',
          'bool',
        ),
        fc.boolean(),
      )
      .map(([shape, dtype, plain]) => ({
        // Indices outside the depth are nowhere.
        inputs: [ints(shape, -2, 6)],
        fn: (x: tf.Tensor) =>
          plain
            ? tf.oneHot(x, 4, 1, 0, dtype)
            : tf.oneHot(x, 4, 3, -2, dtype === 'bool' ? 'int32' : dtype),
      })),
  },
  {
    op: 'tf.topk',
    kernels: ['TopK'],
    gradient: false,
    runs: 16,
    samples: fc
      .tuple(shapes(), fc.boolean(), fc.nat({ max: 3 }))
      .map(([shape, whole, less]) => {
        const k = Math.max(1, at(shape, shape.length - 1) - less);
        return {
          inputs: [whole ? ints(shape, -3, 3) : floats(shape, -2, 2, 1)],
          fn: (x: tf.Tensor) => {
            const { values, indices } = tf.topk(x, k);
            return [values, indices];
          },
        };
      }),
  },
];
