import { float32, NdArray, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { everyEngine } from '../../test/engines.js';
import { ArgumentError, TraceError } from '../errors.js';

const engines = everyEngine();
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

const x = float32([4], [1, 2, 3, 4]);
const wrongArrays: readonly [string, unknown, RegExp][] = [
  ['a plain array', [1, 2], /given a plain array of 2, expected an NdArray/],
  ['a typed array', Float32Array.of(1), /given a Float32Array of 1, expected/],
  ['a number', 3, /given the number 3, expected an NdArray/],
  ['null', null, /given null, expected an NdArray/],
  ['nothing', undefined, /given nothing, expected an NdArray/],
  ['a promise', Promise.resolve(x), /given a promise, expected an NdArray/],
];
const wrongTypes: readonly [string, NdArray, RegExp][] = [
  [
    'float64',
    new NdArray('float64', [1], Float64Array.of(1)),
    /is float64 \[1\]; functions take float32, int32 and bool arrays/,
  ],
  [
    'int64',
    new NdArray('int64', [1], BigInt64Array.of(1n)),
    /is int64 \[1\]; functions take/,
  ],
  [
    'bool that holds 2',
    new NdArray('bool', [2], Uint8Array.of(0, 2)),
    /is bool \[2\] and holds 2, expected 0 and 1/,
  ],
];

// What follows is what a program in JavaScript can do; the types forbid it.
describe.each(engines)('the $name engine', (engine) => {
  const double = engine.compile(
    ({ inputs }: { inputs: { x: tf.Tensor } }) => ({
      outputs: { y: tf.mul(inputs.x, 2) },
    }),
    { name: 'probe' },
  );
  const run = (inputs: unknown, state: unknown = engine.state({})) =>
    double.run(state as never, inputs as never);

  it.each(wrongArrays)(
    'takes no input that is %s',
    async (_, given, message) => {
      await expect(run({ x: given })).rejects.toThrow(ArgumentError);
      await expect(run({ x: given })).rejects.toThrow(message);
      await expect(run({ x: given })).rejects.toThrow(
        '"x" in the inputs of probe',
      );
      await expect(
        double.prepare(engine.state({}), { x: given } as never),
      ).rejects.toThrow(message);
    },
  );

  it.each(wrongTypes)(
    'takes no input of type %s',
    async (_, given, message) => {
      await expect(run({ x: given })).rejects.toThrow(ShapeError);
      await expect(run({ x: given })).rejects.toThrow(message);
    },
  );

  it.each(wrongArrays)('keeps no state of %s', async (_, given, message) => {
    const make = (): unknown => engine.state({ w: given } as never);
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
    await expect(
      (async () => engine.state({ w: x }).write({ w: given } as never))(),
    ).rejects.toThrow(message);
  });

  it.each(wrongTypes)('keeps no state of type %s', (_, given, message) => {
    expect(() => engine.state({ w: given })).toThrow(message);
  });

  it.each(wrongArrays)('freezes nothing that is %s', (_, given, message) => {
    const make = (): unknown =>
      engine.compile(() => ({ outputs: {} }), {
        name: 'probe',
        frozen: { w: given } as never,
      });
    expect(make).toThrow(message);
    expect(make).toThrow('"w" in the frozen arrays of probe');
  });

  it('takes its inputs by name', async () => {
    await expect(run(undefined)).rejects.toThrow(
      'the inputs of probe: given nothing, expected NdArrays by name',
    );
    await expect(run([x])).rejects.toThrow('given a plain array of 1');
  });

  it.each<[string, unknown, string]>([
    ['an object', {}, 'is an object without keys'],
    ['a tree of arrays', { w: x }, 'is an object with the keys w'],
    ['nothing', null, 'is null'],
    [
      'the state of another engine',
      engines.find(({ name }) => name !== engine.name)?.state({}),
      'belongs to another engine',
    ],
  ])('takes no state that is %s', async (_, state, message) => {
    for (const refused of [
      run({ x }, state),
      double.prepare(state as never, { x }),
    ]) {
      await expect(refused).rejects.toThrow(ArgumentError);
      await expect(refused).rejects.toThrow(`the state of probe ${message}`);
    }
  });

  it.each([undefined, { outputs: {} }])('compiles no %s', (fn) => {
    expect(() => engine.compile(fn as never)).toThrow(ArgumentError);
  });

  it('says what a function asks for and is not given, and where', async () => {
    const nested = engine.compile(
      ({
        state,
        inputs,
      }: {
        state: { w: { b: tf.Tensor } };
        inputs: { x: tf.Tensor };
      }) => ({ outputs: { y: tf.mul(inputs.x, state.w.b) } }),
      { name: 'probe' },
    );
    const state = engine.state({ w: { a: x } }) as never;
    await expect(nested.run(state, { x })).rejects.toThrow(TraceError);
    await expect(nested.run(state, { x })).rejects.toThrow(
      /probe, in tf\.mul at \S*arguments\.spec\.ts:\d+:\d+: .*; probe asks for "w\.b" of its state, which it was not given/,
    );
    await expect(run({ z: x })).rejects.toThrow(/"x" of its inputs/);
  });

  it('lets a function ask for what may be missing', async () => {
    const optional = engine.compile(
      ({ inputs }: { inputs: { x: tf.Tensor; bias?: tf.Tensor } }) => ({
        outputs: {
          y:
            inputs.bias === undefined
              ? inputs.x
              : tf.add(inputs.x, inputs.bias),
        },
      }),
    );
    const { y } = await optional.run(engine.state({}), { x });
    expect(Array.from(y.data, Number)).toEqual([1, 2, 3, 4]);
  });

  it('says which shapes do not fit, and where', async () => {
    const product = engine.compile(
      ({ inputs }: { inputs: { x: tf.Tensor } }) => ({
        outputs: { y: tf.matMul(inputs.x, tf.ones([3, 2])) },
      }),
      { name: 'probe' },
    );
    await expect(
      product.run(engine.state({}), { x: float32([2, 2], [1, 2, 3, 4]) }),
    ).rejects.toThrow(
      /probe, in tf\.matMul at \S*arguments\.spec\.ts:\d+:\d+: .*2, ?2.*3, ?2/s,
    );
  });
});
