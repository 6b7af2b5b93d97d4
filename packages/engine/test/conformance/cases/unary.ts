import * as tf from '@tensorflow/tfjs-core';

import { type Case, floats, ints, shapes } from '../case.js';

interface Unary {
  readonly fn: (x: tf.Tensor) => tf.Tensor;
  readonly kernels: readonly string[];
  readonly low?: number;
  readonly high?: number;
  readonly step?: number;
  readonly gradient?: boolean;
}

const operations: Record<string, Unary> = {
  'tf.abs': { fn: tf.abs, kernels: ['Abs'] },
  'tf.acos': { fn: tf.acos, kernels: ['Acos'], low: -0.9, high: 0.9 },
  'tf.acosh': { fn: tf.acosh, kernels: ['Acosh'], low: 1.1, high: 4 },
  'tf.asin': { fn: tf.asin, kernels: ['Asin'], low: -0.9, high: 0.9 },
  'tf.asinh': { fn: tf.asinh, kernels: ['Asinh'] },
  'tf.atan': { fn: tf.atan, kernels: ['Atan'] },
  'tf.atanh': { fn: tf.atanh, kernels: ['Atanh'], low: -0.9, high: 0.9 },
  'tf.ceil': { fn: tf.ceil, kernels: ['Ceil'], step: 0.25 },
  'tf.clipByValue': {
    fn: (x) => tf.clipByValue(x, -1, 1),
    kernels: ['ClipByValue'],
    step: 0.25,
  },
  'tf.cos': { fn: tf.cos, kernels: ['Cos'] },
  'tf.cosh': { fn: tf.cosh, kernels: ['Cosh'] },
  'tf.elu': { fn: tf.elu, kernels: ['Elu', 'EluGrad'] },
  'tf.erf': { fn: tf.erf, kernels: ['Erf'] },
  'tf.exp': { fn: tf.exp, kernels: ['Exp'] },
  'tf.expm1': { fn: tf.expm1, kernels: ['Expm1'] },
  'tf.expm1 near zero': {
    fn: tf.expm1,
    kernels: ['Expm1'],
    low: -1e-6,
    high: 1e-6,
  },
  'tf.floor': { fn: tf.floor, kernels: ['Floor'], step: 0.25 },
  'tf.isFinite': {
    fn: (x) => tf.isFinite(tf.div(1, x)),
    kernels: ['IsFinite'],
    step: 1,
    gradient: false,
  },
  'tf.isInf': {
    fn: (x) => tf.isInf(tf.div(1, x)),
    kernels: ['IsInf'],
    step: 1,
    gradient: false,
  },
  'tf.isNaN': {
    fn: (x) => tf.isNaN(tf.sqrt(x)),
    kernels: ['IsNan'],
    gradient: false,
  },
  'tf.leakyRelu': { fn: (x) => tf.leakyRelu(x, 0.1), kernels: ['LeakyRelu'] },
  'tf.log': { fn: tf.log, kernels: ['Log'], low: 0.1, high: 5 },
  'tf.log1p': { fn: tf.log1p, kernels: ['Log1p'], low: -0.9, high: 5 },
  'tf.log1p near zero': {
    fn: tf.log1p,
    kernels: ['Log1p'],
    low: -1e-6,
    high: 1e-6,
  },
  // Its gradient in tfjs reads an input that it has not kept.
  'tf.logSigmoid': {
    fn: tf.logSigmoid,
    kernels: ['Softplus'],
    gradient: false,
  },
  'tf.neg': { fn: tf.neg, kernels: ['Neg'] },
  'tf.onesLike': { fn: tf.onesLike, kernels: ['OnesLike'], gradient: false },
  'tf.reciprocal': { fn: tf.reciprocal, kernels: ['Reciprocal'], low: 0.2 },
  'tf.relu': { fn: tf.relu, kernels: ['Relu'], step: 0.5 },
  'tf.relu6': { fn: tf.relu6, kernels: ['Relu6'], low: -2, high: 8 },
  'tf.round': {
    fn: tf.round,
    kernels: ['Round'],
    low: -4,
    high: 4,
    step: 0.25,
  },
  'tf.rsqrt': { fn: tf.rsqrt, kernels: ['Rsqrt'], low: 0.1 },
  'tf.selu': { fn: tf.selu, kernels: ['Selu'] },
  // Its gradient is σ(1 − σ): further out, 1 − σ has fewer correct digits than are compared.
  'tf.sigmoid': { fn: tf.sigmoid, kernels: ['Sigmoid'], low: -5, high: 5 },
  'tf.sign': { fn: tf.sign, kernels: ['Sign'], step: 1 },
  'tf.sin': { fn: tf.sin, kernels: ['Sin'] },
  'tf.sinh': { fn: tf.sinh, kernels: ['Sinh'] },
  'tf.softplus': { fn: tf.softplus, kernels: ['Softplus'], low: -8, high: 8 },
  'tf.sqrt': { fn: tf.sqrt, kernels: ['Sqrt'], low: 0.1 },
  'tf.square': { fn: tf.square, kernels: ['Square'] },
  'tf.step': { fn: (x) => tf.step(x, 0.1), kernels: ['Step'], step: 0.5 },
  'tf.tan': { fn: tf.tan, kernels: ['Tan'], low: -1.2, high: 1.2 },
  'tf.tanh': { fn: tf.tanh, kernels: ['Tanh'] },
  'tf.zerosLike': { fn: tf.zerosLike, kernels: ['ZerosLike'], gradient: false },
  // GELU, as programs write it.
  'tf.mul(x, tf.erf(…))': {
    fn: (x) => tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.div(x, Math.SQRT2)))),
    kernels: ['Erf'],
  },
};

const ofIntegers: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  'tf.abs of int32': tf.abs,
  'tf.clipByValue of int32': (x) => tf.clipByValue(x, -2, 3),
  'tf.neg of int32': tf.neg,
  'tf.relu of int32': tf.relu,
  'tf.sign of int32': tf.sign,
  'tf.square of int32': tf.square,
};

/** Functions of one tensor, element by element. */
export const unaryCases: readonly Case[] = [
  ...Object.entries(operations).map(
    ([op, { fn, kernels, low, high, step, gradient = true }]) => ({
      op,
      kernels,
      gradient,
      samples: shapes(0).map((shape) => ({
        inputs: [floats(shape, low, high, step)],
        fn,
      })),
    }),
  ),
  ...Object.entries(ofIntegers).map(([op, fn]) => ({
    op,
    kernels: [],
    gradient: false,
    samples: shapes().map((shape) => ({ inputs: [ints(shape, -9, 9)], fn })),
  })),
];
