import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

import {
  bools,
  broadcastShapes,
  type Case,
  floats,
  type Input,
  ints,
  shapes,
} from '../case.js';

type Fn = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
type Draw = (shape: readonly number[]) => Input;

/** Both operands broadcast, either of them first. */
function broadcasting(
  op: string,
  kernels: readonly string[],
  fn: Fn,
  {
    left = (shape) => floats(shape),
    right = left,
    gradient = true,
  }: { left?: Draw; right?: Draw; gradient?: boolean } = {},
): Case {
  return {
    op,
    kernels,
    gradient,
    samples: fc
      .tuple(broadcastShapes, fc.boolean())
      .map(([[wide, narrow], swapped]) => ({
        inputs: swapped
          ? [left(narrow), right(wide)]
          : [left(wide), right(narrow)],
        fn: (a: tf.Tensor, b: tf.Tensor) => fn(a, b),
      })),
  };
}

/** Operands of one shape: tfjs broadcasts these too, but its gradients do not. */
function alike(
  op: string,
  kernels: readonly string[],
  fn: Fn,
  draw: Draw,
): Case {
  return {
    op,
    kernels,
    gradient: true,
    samples: shapes().map((shape) => ({
      inputs: [draw(shape), draw(shape)],
      fn: (a: tf.Tensor, b: tf.Tensor) => fn(a, b),
    })),
  };
}

const above: Draw = (shape) => floats(shape, 0.3, 3);
const ties: Draw = (shape) => floats(shape, -2, 2, 1);
const whole: Draw = (shape) => ints(shape, -9, 10);
const truths: Draw = (shape) => bools(shape);
const value = { gradient: false };

const comparisons: Record<string, Fn> = {
  Equal: tf.equal,
  Greater: tf.greater,
  GreaterEqual: tf.greaterEqual,
  Less: tf.less,
  LessEqual: tf.lessEqual,
  NotEqual: tf.notEqual,
};

/** Functions of two tensors, element by element. */
export const binaryCases: readonly Case[] = [
  broadcasting('tf.add', ['Add'], tf.add),
  broadcasting('tf.sub', ['Sub'], tf.sub),
  broadcasting('tf.mul', ['Multiply'], tf.mul),
  broadcasting('tf.div', ['RealDiv'], tf.div, { right: above }),
  broadcasting('tf.pow', ['Pow'], tf.pow, { left: above }),
  broadcasting('tf.atan2', ['Atan2'], tf.atan2),
  broadcasting('tf.atan2 on the axes', ['Atan2'], tf.atan2, {
    left: ties,
    ...value,
  }),
  broadcasting('tf.mod', ['Mod'], tf.mod, { right: above }),
  broadcasting('tf.mod of either sign', ['Mod'], tf.mod, {
    left: (shape) => floats(shape, -9, 9, 0.5),
    right: (shape) => floats(shape, -2.4, 2.6, 0.5),
    ...value,
  }),
  broadcasting('tf.floorDiv', ['FloorDiv'], tf.floorDiv, {
    left: (shape) => floats(shape, -9, 9, 0.1),
    right: (shape) => floats(shape, 0.1, 0.9, 0.1),
    ...value,
  }),
  broadcasting('tf.maximum', ['Maximum'], tf.maximum, { left: ties, ...value }),
  broadcasting('tf.minimum', ['Minimum'], tf.minimum, { left: ties, ...value }),
  broadcasting(
    'tf.squaredDifference',
    ['SquaredDifference'],
    tf.squaredDifference,
    value,
  ),
  alike('tf.maximum', ['Maximum'], tf.maximum, ties),
  alike('tf.minimum', ['Minimum'], tf.minimum, ties),
  alike(
    'tf.squaredDifference',
    ['SquaredDifference'],
    tf.squaredDifference,
    (shape) => floats(shape),
  ),
  broadcasting('tf.prelu', ['Prelu'], tf.prelu, value),
  {
    op: 'tf.prelu',
    kernels: ['Prelu'],
    gradient: true,
    samples: broadcastShapes.map(([wide, narrow]) => ({
      inputs: [floats(wide), floats(narrow)],
      fn: (x: tf.Tensor, slope: tf.Tensor) => tf.prelu(x, slope),
    })),
  },
  ...(
    [
      ['tf.add', tf.add],
      ['tf.sub', tf.sub],
      ['tf.mul', tf.mul],
      ['tf.div', tf.div],
      ['tf.floorDiv', tf.floorDiv],
      ['tf.mod', tf.mod],
      ['tf.maximum', tf.maximum],
      ['tf.minimum', tf.minimum],
    ] as const
  ).map(([op, fn]) =>
    // The divisor may be 0.
    broadcasting(`${op} of int32`, [], fn, { left: whole, ...value }),
  ),
  broadcasting('tf.pow of int32', [], tf.pow, {
    left: whole,
    right: (shape) => ints(shape, 0, 5),
    ...value,
  }),
  broadcasting('tf.add of int32 and float32', [], tf.add, {
    left: whole,
    right: (shape) => floats(shape),
    ...value,
  }),
  ...Object.entries(comparisons).flatMap(([kernel, fn]) => {
    const op = `tf.${kernel.charAt(0).toLowerCase()}${kernel.slice(1)}`;
    return [
      broadcasting(op, [kernel], fn, { left: ties, ...value }),
      broadcasting(`${op} of int32`, [], fn, {
        left: (shape) => ints(shape, -1, 2),
        ...value,
      }),
      broadcasting(`${op} of bool`, [], fn, { left: truths, ...value }),
    ];
  }),
  broadcasting('tf.logicalAnd', ['LogicalAnd'], tf.logicalAnd, {
    left: truths,
    ...value,
  }),
  broadcasting('tf.logicalOr', ['LogicalOr'], tf.logicalOr, {
    left: truths,
    ...value,
  }),
  broadcasting('tf.logicalXor', ['LogicalNot'], tf.logicalXor, {
    left: truths,
    ...value,
  }),
];
