import * as tf from '@tensorflow/tfjs-core';

import { free, inputOf, type KernelArguments } from '../kernel-adapter.js';
import { adaptKernel, runKernel } from './adapt-kernel.js';

/** Makes kernels of tfjs-node give what tfjs's own give where TensorFlow's rules are others. */
export function followEdgeRules(): void {
  for (const name of [tf.Greater, tf.GreaterEqual, tf.Less, tf.LessEqual]) {
    orderTruthValues(name);
  }
  divideIntegersByZero(tf.FloorDiv);
  divideIntegersByZero(tf.Mod);
  floorToIntegers();
  leaveIntegersRound();
  leaveOutStrangers();
  roundSureThings();
}

/** TensorFlow has no order of truth values; to tfjs they are 0 and 1. */
function orderTruthValues(name: string): void {
  adaptKernel(name, (given, original) => {
    const { backend } = given;
    const operands = [inputOf(given, 'a'), inputOf(given, 'b')];
    if (operands.every(({ dtype }) => dtype !== 'bool')) return original(given);
    const numbers = operands.map((x) => cast(given, x, 'int32'));
    const [a, b] = numbers as [tf.TensorInfo, tf.TensorInfo];
    const result = original({ ...given, inputs: { a, b } });
    for (const info of numbers) free(backend, info);
    return result;
  });
}

/** Where the divisor is 0, tfjs gives 0 for integers; TensorFlow refuses the whole. */
function divideIntegersByZero(name: string): void {
  adaptKernel(name, (given, original) => {
    const { backend } = given;
    const a = inputOf(given, 'a');
    const b = inputOf(given, 'b');
    if (a.dtype !== 'int32') return original(given);
    const run = (kernel: string, inputs: tf.NamedTensorInfoMap) =>
      runKernel(kernel, { inputs, attrs: {}, backend });
    const zero = filled(given, [], 0);
    const one = filled(given, b.shape, 1);
    const isZero = run(tf.Equal, { a: b, b: zero });
    const divisor = run(tf.Select, { condition: isZero, t: one, e: b });
    const divided = original({ ...given, inputs: { a, b: divisor } });
    // 1 where it counts, and 0 where the divisor was 0.
    const counts = run(tf.NotEqual, { a: b, b: zero });
    const factor = cast(given, counts, 'int32');
    const result = run(tf.Multiply, { a: divided, b: factor });
    for (const info of [zero, one, isZero, divisor, divided, counts, factor]) {
      free(backend, info);
    }
    return result;
  });
}

/**
 * tfjs's floorDiv gives integers, of floats as well, and floors the exact quotient: (a − mod(a, b)) / b is a whole number
 * but for its rounding, where a / b itself may round up to the next.
 */
function floorToIntegers(): void {
  adaptKernel(tf.FloorDiv, (given, original) => {
    const { backend } = given;
    const a = inputOf(given, 'a');
    const b = inputOf(given, 'b');
    if (a.dtype === 'int32') return original(given);
    const run = (kernel: string, inputs: tf.NamedTensorInfoMap) =>
      runKernel(kernel, { inputs, attrs: {}, backend });
    const rest = run(tf.Mod, { a, b });
    const multiple = run(tf.Sub, { a, b: rest });
    const quotient = run(tf.RealDiv, { a: multiple, b });
    const whole = run(tf.Round, { x: quotient });
    // No integer is infinite: tfjs gives 0 where the divisor is 0.
    const finite = run(tf.IsFinite, { x: whole });
    const nothing = run(tf.ZerosLike, { x: whole });
    const counted = run(tf.Select, { condition: finite, t: whole, e: nothing });
    const result = cast(given, counted, 'int32');
    for (const info of [rest, multiple, quotient, whole, finite, nothing]) {
      free(backend, info);
    }
    free(backend, counted);
    return result;
  });
}

/** TensorFlow's rounding of integers, as tfjs-node calls it, gives zeros. */
function leaveIntegersRound(): void {
  adaptKernel(tf.Round, (given, original) => {
    const x = inputOf(given, 'x');
    if (x.dtype !== 'int32') return original(given);
    return runKernel(tf.Identity, { ...given, attrs: {} });
  });
}

/** Ids beyond the last segment belong to none; TensorFlow takes negative ones only so. */
function leaveOutStrangers(): void {
  adaptKernel(tf.UnsortedSegmentSum, (given, original) => {
    const { backend, attrs } = given;
    const ids = inputOf(given, 'segmentIds');
    const end = filled(given, [], attrs['numSegments'] as number);
    const none = filled(given, ids.shape, -1);
    const isStranger = runKernel(tf.GreaterEqual, {
      inputs: { a: ids, b: end },
      attrs: {},
      backend,
    });
    const segmentIds = runKernel(tf.Select, {
      inputs: { condition: isStranger, t: none, e: ids },
      attrs: {},
      backend,
    });
    const result = original({
      ...given,
      inputs: { ...given.inputs, segmentIds },
    });
    for (const info of [end, none, isStranger, segmentIds]) free(backend, info);
    return result;
  });
}

/** The softmax of one number is 1; TensorFlow's is a little less, and its gradient then is not 0. */
function roundSureThings(): void {
  adaptKernel(tf.Softmax, (given, original) => {
    const x = original(given);
    if (x.shape.at(-1) !== 1) return x;
    const { backend } = given;
    const result = runKernel(tf.Round, { inputs: { x }, attrs: {}, backend });
    free(backend, x);
    return result;
  });
}

function cast(
  { backend }: KernelArguments,
  x: tf.TensorInfo,
  dtype: tf.DataType,
): tf.TensorInfo {
  return runKernel(tf.Cast, { inputs: { x }, attrs: { dtype }, backend });
}

function filled(
  { backend }: KernelArguments,
  shape: number[],
  value: number,
): tf.TensorInfo {
  const attrs = { shape, value, dtype: 'int32' };
  return runKernel(tf.Fill, { inputs: {}, attrs, backend });
}
