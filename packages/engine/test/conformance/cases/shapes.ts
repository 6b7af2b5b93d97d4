import { at } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import { bools, type Case, floats, ints, orders, shapes } from '../case.js';

/** A function of one tensor of a drawn shape. */
function rearranging<T>(
  op: string,
  kernels: readonly string[],
  how: (shape: readonly number[]) => fc.Arbitrary<T>,
  fn: (x: tf.Tensor, drawn: T) => tf.Tensor | tf.Tensor[],
  { gradient = true, min = 1, max = 4 } = {},
): Case {
  return {
    op,
    kernels,
    gradient,
    samples: shapes(min, max).chain((shape) =>
      fc
        .tuple(
          how(shape),
          fc.constantFrom(
            ...(gradient
              ? [floats(shape)]
              : [floats(shape), ints(shape, -9, 9), bools(shape)]),
          ),
        )
        .map(([drawn, input]) => ({
          inputs: [input],
          fn: (x: tf.Tensor) => fn(x, drawn),
        })),
    ),
  };
}

/** Both with gradients, and for integers and truth values without. */
function both<T>(
  ...[op, kernels, how, fn]: Parameters<typeof rearranging<T>>
): Case[] {
  return [
    rearranging(op, kernels, how, fn),
    rearranging(`${op} of any type`, kernels, how, fn, { gradient: false }),
  ];
}

const axisOf = (shape: readonly number[]): fc.Arbitrary<number> =>
  fc.nat({ max: shape.length - 1 });

/** For every axis, what `draw` gives for its length. */
function perAxis<T>(
  draw: (length: number) => fc.Arbitrary<T>,
): (shape: readonly number[]) => fc.Arbitrary<T[]> {
  return (shape) => fc.tuple(...shape.map(draw));
}

const upTo = (max: number): fc.Arbitrary<number> => fc.nat({ max });

const box = perAxis((length) =>
  fc
    .nat({ max: length - 1 })
    .chain((begin) =>
      fc
        .integer({ min: 1, max: length - begin })
        .map((size) => ({ begin, size })),
    ),
);

const units = (shape: readonly number[]): fc.Arbitrary<number[]> =>
  fc.array(upTo(4), { maxLength: 2 }).map((places) => {
    const seen = shape.filter((length) => length !== 1);
    for (const place of places) seen.splice(Math.min(place, seen.length), 0, 1);
    return seen;
  });

/** From `begin` forwards or backwards, past one element at least: tfjs-cpu cuts out no empty boxes. */
const strides = perAxis((length) =>
  fc
    .record({
      begin: fc.nat({ max: length - 1 }),
      fromEnd: fc.boolean(),
      backwards: fc.boolean(),
      steps: fc.integer({ min: 1, max: 2 }),
    })
    .chain(({ begin, fromEnd, backwards, steps }) => {
      const end = backwards
        ? fc.integer({ min: -1, max: begin - 1 })
        : fc.integer({ min: begin + 1, max: length + 1 });
      return end.map((last) => ({
        begin: fromEnd ? begin - length : begin,
        end: last < 0 ? last - length : last,
        stride: backwards ? -steps : steps,
      }));
    }),
);

/** Forwards only. */
const forwards = perAxis((length) =>
  fc.nat({ max: length - 1 }).chain((begin) =>
    fc.integer({ min: begin + 1, max: length + 1 }).map((end) => ({
      begin,
      end,
    })),
  ),
);

/** Moving elements about without changing them. */
export const shapeCases: readonly Case[] = [
  ...both(
    'tf.transpose',
    ['Transpose'],
    (shape) => orders(shape.length),
    (x, perm) => tf.transpose(x, perm),
  ),
  ...both('tf.reshape', ['Reshape'], units, (x, shape) => tf.reshape(x, shape)),
  ...both(
    'tf.reshape',
    ['Reshape'],
    () => fc.constant<number[]>([-1]),
    (x, shape) => tf.reshape(x, shape),
  ),
  ...both('tf.expandDims', ['ExpandDims'], axisOf, (x, axis) =>
    tf.expandDims(x, axis),
  ),
  ...both('tf.slice', ['Slice'], box, (x, drawn) =>
    tf.slice(
      x,
      drawn.map(({ begin }) => begin),
      drawn.map(({ size }) => size),
    ),
  ),
  rearranging(
    'tf.stridedSlice',
    ['StridedSlice'],
    strides,
    (x, drawn) =>
      tf.stridedSlice(
        x,
        drawn.map(({ begin }) => begin),
        drawn.map(({ end }) => end),
        drawn.map(({ stride }) => stride),
      ),
    { gradient: false },
  ),
  rearranging(
    'tf.stridedSlice, with masks',
    ['StridedSlice'],
    forwards,
    (x, drawn) =>
      tf.stridedSlice(
        x,
        drawn.map(({ begin }) => begin),
        drawn.map(({ end }) => end),
        // tfjs-cpu takes a wrong place where strides meet an axis that is only looked up.
        drawn.map(() => 1),
        1,
        2,
        0,
        0,
        4,
      ),
    { gradient: false, min: 3 },
  ),
  ...both('tf.reverse', ['Reverse'], axisOf, (x, axis) => tf.reverse(x, axis)),
  ...both(
    'tf.pad',
    ['PadV2'],
    perAxis(() => fc.tuple(upTo(2), upTo(2))),
    (x, paddings) => tf.pad(x, paddings, 1),
  ),
  ...(['reflect', 'symmetric'] as const).flatMap((mode) =>
    both(
      `tf.mirrorPad, ${mode}`,
      ['MirrorPad'],
      perAxis((length) => {
        const most = mode === 'reflect' ? length - 1 : length;
        return fc.tuple(upTo(most), upTo(most));
      }),
      (x, paddings) => tf.mirrorPad(x, paddings, mode),
    ),
  ),
  ...both(
    'tf.tile',
    ['Tile'],
    perAxis(() => fc.integer({ min: 1, max: 3 })),
    (x, reps) => tf.tile(x, reps),
  ),
  rearranging(
    'tf.broadcastTo',
    ['Tile'],
    () => upTo(1),
    (x, extra) =>
      tf.broadcastTo(tf.expandDims(x, -1), [
        ...new Array<number>(extra).fill(2),
        ...x.shape,
        3,
      ]),
    // tfjs's gradient ends at four axes.
    { max: 2 },
  ),
  ...both('tf.concat', ['Concat'], axisOf, (x, axis) =>
    tf.concat([x, tf.reverse(x, axis), x], axis),
  ),
  ...both('tf.stack', ['Pack'], axisOf, (x, axis) =>
    tf.stack([x, tf.reverse(x, axis)], axis),
  ),
  // tfjs's gradients expect at least two parts.
  ...both('tf.unstack', ['Unpack'], axisOf, (x, axis) =>
    tf.unstack(tf.concat([x, x], axis), axis),
  ),
  ...both('tf.split', ['SplitV'], axisOf, (x, axis) => {
    const length = at(x.shape, axis);
    return tf.split(tf.concat([x, x], axis), [1, 2 * length - 1], axis);
  }),
  {
    op: 'tf.concat of a constant',
    kernels: ['Concat'],
    gradient: true,
    samples: shapes(2, 3).map((shape) => ({
      inputs: [floats(shape)],
      fn: (x: tf.Tensor) => tf.concat([tf.ones(shape), x], 1),
    })),
  },
  {
    op: 'tf.range',
    kernels: ['Range'],
    gradient: false,
    samples: fc.integer({ min: 1, max: 5 }).map((length) => ({
      inputs: [ints([length], -5, 5)],
      fn: (x: tf.Tensor) => tf.add(x, tf.range(0, length, 1, 'int32')),
    })),
  },
  {
    op: 'tf.linspace',
    kernels: ['LinSpace'],
    gradient: true,
    samples: fc.integer({ min: 1, max: 5 }).map((length) => ({
      inputs: [floats([length])],
      fn: (x: tf.Tensor) => tf.mul(x, tf.linspace(-1, 1, length)),
    })),
  },
];
