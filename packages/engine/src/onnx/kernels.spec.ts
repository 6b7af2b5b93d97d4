import {
  float32,
  int32,
  NdArray,
  RandomStream,
  sizeOf,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { cpuEngine } from '../cpu-engine.js';
import { onnxEngine } from './onnx-engine.js';

const onnx = onnxEngine({ threads: 1 });
const cpu = cpuEngine();
afterAll(() => onnx.dispose());

type Fn = (...tensors: tf.Tensor[]) => tf.Tensor;

function noise(
  seed: number,
  shape: readonly number[],
  low = -2,
  high = 2,
): NdArray<'float32'> {
  const random = new RandomStream(seed, 'noise', shape.join());
  return float32(
    shape,
    Array.from({ length: sizeOf(shape) }, () => random.uniform(low, high)),
  );
}

/** Runs a function, and for float results the gradient of a weighted sum of them, on both engines. */
async function expectSame(
  fn: Fn,
  given: readonly NdArray[],
  { gradient = true } = {},
): Promise<void> {
  const floats = given.flatMap(({ dtype }, i) =>
    dtype === 'float32' ? [`x${i}`] : [],
  );
  const step = ({
    inputs,
  }: {
    inputs: Record<string, tf.Tensor>;
  }): { outputs: Record<string, tf.Tensor> } => {
    const value = fn(...given.map((_, i) => inputs[`x${i}`] as tf.Tensor));
    if (!gradient) return { outputs: { value } };
    const weights = tf.tensor(noise(9, value.shape).data, value.shape);
    const loss = (...xs: tf.Tensor[]): tf.Scalar => {
      const changed = new Map(
        floats.map((name, i) => [name, xs[i] as tf.Tensor]),
      );
      const all = given.map(
        (_, i) => changed.get(`x${i}`) ?? (inputs[`x${i}`] as tf.Tensor),
      );
      return tf.sum(tf.mul(fn(...all), weights));
    };
    const gradients = tf.grads(loss)(
      floats.map((name) => inputs[name] as tf.Tensor),
    );
    return {
      outputs: {
        value,
        ...Object.fromEntries(gradients.map((g, i) => [`d${i}`, g])),
      },
    };
  };
  const inputs = Object.fromEntries(given.map((array, i) => [`x${i}`, array]));
  const want: Record<string, NdArray> = await cpu
    .compile(step)
    .run(cpu.state({}), inputs);
  const got: Record<string, NdArray> = await onnx
    .compile(step)
    .run(onnx.state({}), inputs);
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, array] of Object.entries(want)) {
    const other = got[name];
    expect(other?.dtype, name).toBe(array.dtype);
    expect(other?.shape, name).toEqual(array.shape);
    expectClose(
      other?.data as Float32Array,
      array.data as Float32Array,
      name,
      array.dtype,
    );
  }
}

/** float32 sums in another order differ by rounding; integers and booleans not at all. */
function expectClose(
  found: Float32Array,
  expected: Float32Array,
  name: string,
  dtype: string,
): void {
  const largest = expected.reduce(
    (most, value) => Math.max(most, Math.abs(value)),
    1e-3,
  );
  const tolerance = dtype === 'float32' ? 1e-5 * largest + 1e-6 : 0;
  expected.forEach((value, i) => {
    const error = Math.abs((found[i] ?? NaN) - value);
    if (!(error <= tolerance))
      expect.fail(
        `${name}[${i}] is ${found[i] ?? NaN}, tfjs-cpu gives ${value}`,
      );
  });
}

const unary: Record<
  string,
  { fn: Fn; low?: number; high?: number; gradient?: boolean }
> = {
  abs: { fn: tf.abs },
  clipByValue: { fn: (x) => tf.clipByValue(x, -1, 1) },
  erf: { fn: tf.erf },
  exp: { fn: tf.exp },
  leakyStep: { fn: (x) => tf.step(x, 0.1), gradient: false },
  log: { fn: tf.log, low: 0.1 },
  logSoftmax: { fn: (x) => tf.logSoftmax(x) },
  neg: { fn: tf.neg },
  pow2: { fn: (x) => tf.pow(x, 2) },
  pow3: { fn: (x) => tf.pow(x, 3), low: 0.1 },
  reciprocal: { fn: tf.reciprocal, low: 0.2 },
  relu: { fn: tf.relu },
  rsqrt: { fn: tf.rsqrt, low: 0.1 },
  sigmoid: { fn: tf.sigmoid },
  sign: { fn: tf.sign, gradient: false },
  softmax: { fn: (x) => tf.softmax(x) },
  softplus: { fn: tf.softplus },
  sqrt: { fn: tf.sqrt, low: 0.1 },
  square: { fn: tf.square },
  tanh: { fn: tf.tanh },
};

const binary: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  add: tf.add,
  div: tf.div,
  mul: tf.mul,
  sub: tf.sub,
};

/** tfjs broadcasts these, but its gradients of them do not. */
const withoutBroadcastGradient = {
  maximum: tf.maximum,
  minimum: tf.minimum,
  squaredDifference: tf.squaredDifference,
};

const comparisons = {
  equal: tf.equal,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  notEqual: tf.notEqual,
};

const reductions: Record<
  string,
  (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor
> = {
  max: tf.max,
  mean: tf.mean,
  min: tf.min,
  sum: tf.sum,
};

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), {
  minLength: 1,
  maxLength: 4,
});
const order = (rank: number): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank });
/** A tensor that the program sees transposed: its elements stay where they are until a kernel wants them elsewhere. */
const transposedShape = shapes.chain((shape) =>
  fc.record({ shape: fc.constant(shape), perm: order(shape.length) }),
);
const runs = { numRuns: 12 };

describe('element by element', () => {
  it.each(Object.entries(unary))(
    '%s',
    async (_, { fn, low, high, gradient }) => {
      await fc.assert(
        fc.asyncProperty(transposedShape, async ({ shape, perm }) => {
          await expectSame(
            (x) => fn(tf.transpose(x, perm)),
            [noise(1, shape, low, high)],
            {
              gradient: gradient ?? true,
            },
          );
        }),
        runs,
      );
    },
  );

  const broadcast = transposedShape.chain(({ shape, perm }) =>
    fc.record({
      shape: fc.constant(shape),
      perm: fc.constant(perm),
      kept: fc.array(fc.boolean(), {
        minLength: shape.length,
        maxLength: shape.length,
      }),
      dropped: fc.integer({ min: 0, max: shape.length }),
    }),
  );
  /** `b` has some axes of length 1, and some leading axes fewer. */
  const operands = (
    fn: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
    low: number,
    gradient: boolean,
  ) =>
    fc.asyncProperty(
      broadcast,
      fc.boolean(),
      async ({ shape, perm, kept, dropped }, swap) => {
        const seen = perm.map((axis) => shape[axis] ?? 1);
        const other = seen
          .map((length, i) => (kept[i] === true ? length : 1))
          .slice(dropped);
        await expectSame(
          (a, b) =>
            swap ? fn(b, tf.transpose(a, perm)) : fn(tf.transpose(a, perm), b),
          [noise(1, shape), noise(2, other, low)],
          { gradient },
        );
      },
    );

  it.each(Object.entries(binary))('%s', async (_, fn) => {
    await fc.assert(operands(fn, 0.3, true), runs);
  });

  it.each(Object.entries(withoutBroadcastGradient))('%s', async (_, fn) => {
    await fc.assert(operands(fn, 0.3, false), runs);
    await expectSame(fn, [noise(1, [3, 4]), noise(2, [3, 4])]);
  });

  it.each(Object.entries(comparisons))('%s', async (_, fn) => {
    await fc.assert(
      operands((a, b) => fn(tf.sign(a), tf.sign(b)), -2, false),
      runs,
    );
  });

  it('where, logicalAnd, logicalOr, logicalNot, cast', async () => {
    await expectSame(
      (a, b, i) =>
        tf.where(
          tf.logicalOr(tf.greater(i, 2), tf.logicalNot(tf.greater(i, 0))),
          a,
          tf.mul(b, 3),
        ),
      [noise(1, [2, 3]), noise(2, [2, 3]), int32([2, 3], [0, 1, 2, 3, 4, 5])],
    );
    await expectSame(
      (a, b) =>
        tf.cast(tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0)), 'int32'),
      [noise(1, [3, 4]), noise(2, [3, 4])],
      { gradient: false },
    );
  });
});

it.each(Object.entries(reductions))('reduces: %s', async (_, fn) => {
  const axes = transposedShape.chain(({ shape, perm }) =>
    fc.record({
      shape: fc.constant(shape),
      perm: fc.constant(perm),
      axes: fc.subarray([...Array(shape.length).keys()], { minLength: 1 }),
      keepDims: fc.boolean(),
    }),
  );
  await fc.assert(
    fc.asyncProperty(axes, async ({ shape, perm, axes: over, keepDims }) => {
      await expectSame(
        (x) => fn(tf.transpose(x, perm), over, keepDims),
        [noise(1, shape)],
      );
    }),
    runs,
  );
});

describe('matMul', () => {
  const sizes = fc.record({
    m: fc.integer({ min: 1, max: 4 }),
    k: fc.integer({ min: 1, max: 5 }),
    n: fc.integer({ min: 1, max: 4 }),
    batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    lazy: fc.boolean(),
  });
  it('in all transpositions, by flag and by tf.transpose', async () => {
    await fc.assert(
      fc.asyncProperty(
        sizes,
        async ({ m, k, n, batch, transposeA, transposeB, lazy }) => {
          const rank = batch.length + 2;
          const swap = [...Array(rank - 2).keys(), rank - 1, rank - 2];
          const a = noise(1, [...batch, ...(transposeA ? [k, m] : [m, k])]);
          const b = noise(2, [...batch, ...(transposeB ? [n, k] : [k, n])]);
          await expectSame(
            (x, y) =>
              lazy
                ? tf.matMul(
                    transposeA ? tf.transpose(x, swap) : x,
                    transposeB ? tf.transpose(y, swap) : y,
                  )
                : tf.matMul(x, y, transposeA, transposeB),
            [a, b],
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('broadcasts the batch axes', async () => {
    // tfjs has no gradient for these.
    await expectSame(
      (a, b) => tf.matMul(a, b),
      [noise(1, [3, 2, 4]), noise(2, [1, 4, 5])],
      { gradient: false },
    );
  });
});

describe('shapes', () => {
  it('reshapes what is stored in another order', async () => {
    await fc.assert(
      fc.asyncProperty(
        transposedShape,
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
        async ({ shape, perm }, units) => {
          const seen = perm
            .map((axis) => shape[axis] ?? 1)
            .filter((length) => length !== 1);
          for (const at of units) seen.splice(Math.min(at, seen.length), 0, 1);
          await expectSame(
            (x) => tf.mul(tf.reshape(tf.transpose(x, perm), seen), 2),
            [noise(1, shape)],
          );
          await expectSame(
            (x) => tf.reshape(tf.transpose(x, perm), [-1]),
            [noise(1, shape)],
          );
        },
      ),
      runs,
    );
  });

  const x = noise(1, [2, 3, 4]);
  const t = (tensor: tf.Tensor): tf.Tensor => tf.transpose(tensor, [2, 0, 1]);
  const cases: Record<string, Fn> = {
    slice: (a) => tf.slice(t(a), [1, 0, 1], [2, 2, 2]),
    pad: (a) =>
      tf.pad(
        t(a),
        [
          [1, 0],
          [0, 2],
          [0, 0],
        ],
        0.5,
      ),
    split: (a) => tf.concat(tf.split(t(a), [1, 3], 0).reverse(), 0),
    stack: (a) => tf.stack([t(a), tf.mul(t(a), 2)], 1),
    unstack: (a) => tf.add(...(tf.unstack(t(a), 1) as [tf.Tensor, tf.Tensor])),
    tile: (a) => tf.tile(t(a), [2, 1, 3]),
    broadcastTo: (a) =>
      tf.mul(tf.broadcastTo(tf.reshape(a, [1, 2, 3, 4]), [2, 2, 3, 4]), 1.5),
    reverse: (a) => tf.reverse(t(a), [0, 2]),
    gather: (a) => tf.gather(t(a), tf.tensor1d([3, 0, 0], 'int32'), 0),
    gatherAxis: (a) => tf.gather(t(a), tf.tensor1d([2, 1, 2, 0], 'int32'), 2),
    concatConstant: (a) => tf.concat([tf.ones([4, 2, 1]), t(a)], 2),
    expandDims: (a) => tf.squeeze(tf.expandDims(t(a), 1)),
  };
  it.each(Object.entries(cases))('%s', async (_, fn) => {
    await expectSame(fn, [x]);
  });

  it('oneHot of traced indices, and argMax', async () => {
    await expectSame(
      (i) => tf.oneHot(tf.cast(i, 'int32'), 4),
      [int32([2, 2], [0, 3, 1, 2])],
      { gradient: false },
    );
    await expectSame((a) => tf.argMax(t(a), 1), [x], { gradient: false });
  });
});

describe('images', () => {
  const geometry = fc.record({
    size: fc.constantFrom(5, 6, 8),
    channels: fc.integer({ min: 1, max: 3 }),
    filters: fc.integer({ min: 1, max: 3 }),
    // tfjs takes an oblong filter for a square one when the padding is a number.
    kernel: fc.constantFrom<[number, number]>([1, 1], [2, 2], [3, 3]),
    stride: fc.constantFrom(1, 2),
    pad: fc.constantFrom<'valid' | 'same' | number>('valid', 'same', 0, 1),
    nchw: fc.boolean(),
  });

  it('conv2d and both gradients', async () => {
    await fc.assert(
      fc.asyncProperty(
        geometry,
        async ({ size, channels, filters, kernel, stride, pad, nchw }) => {
          const images = noise(
            1,
            nchw ? [2, channels, size, size] : [2, size, size, channels],
          );
          const weights = noise(2, [filters, channels, ...kernel]);
          const rounding = typeof pad === 'number' ? 'floor' : undefined;
          await expectSame(
            (a, w) =>
              tf.conv2d(
                (nchw ? tf.transpose(a, [0, 2, 3, 1]) : a) as tf.Tensor4D,
                tf.transpose(w, [2, 3, 1, 0]) as tf.Tensor4D,
                stride,
                pad,
                'NHWC',
                1,
                rounding,
              ),
            [images, weights],
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('avgPool and its gradient', async () => {
    await expectSame(
      (a) => tf.avgPool(a as tf.Tensor4D, 2, 2, 'valid'),
      [noise(1, [2, 6, 4, 3])],
    );
    await expectSame(
      (a) => tf.avgPool(a as tf.Tensor4D, 3, 1, 'valid'),
      [noise(1, [2, 5, 4, 1])],
    );
  });
});
