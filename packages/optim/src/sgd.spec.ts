import { readFileSync } from 'node:fs';

import {
  float32,
  leaves,
  type NdArray,
  ShapeError,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { type TensorTree, toTensors } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';

import { cosineSchedule, ema, HyperparameterError, sgd } from './index.js';

type Values = Readonly<Record<string, readonly number[]>>;

interface Trajectory {
  readonly options: {
    readonly momentum: number;
    readonly weight_decay: number;
    readonly nesterov: boolean;
  };
  readonly base: number;
  readonly start: Values;
  readonly steps: readonly {
    readonly gradients: Values;
    readonly params: Values;
    readonly average: Values;
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/torch.json', import.meta.url), 'utf8'),
) as {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly decay: number;
  readonly trajectories: readonly Trajectory[];
};

function hostTree(values: Values): Tree<NdArray<'float32'>> {
  return treeOf(
    Object.entries(values).map(
      ([name, list]) =>
        [name, float32(fixture.shapes[name] ?? [], list)] as const,
    ),
  );
}

const tensorsOf = (values: Values): TensorTree => toTensors(hostTree(values));

/** The largest difference of any leaf, relative to that leaf's largest value. */
function worstError(actual: TensorTree, expected: Values): number {
  const found = new Map(leaves(actual));
  expect([...found.keys()]).toEqual(Object.keys(expected));
  return Math.max(
    ...Object.entries(expected).map(([name, values]) => {
      const data = found.get(name)?.dataSync() ?? [];
      expect(data).toHaveLength(values.length);
      const scale = Math.max(...values.map(Math.abs));
      return Math.max(
        ...values.map((value, i) => Math.abs(value - Number(data[i])) / scale),
      );
    }),
  );
}

beforeAll(() => tf.setBackend('cpu'));

describe('sgd', () => {
  it.each(fixture.trajectories)(
    'follows PyTorch for ten steps of a cosine schedule, and so does the average: $options',
    ({ options, base, start, steps }) => {
      const optimizer = sgd({
        momentum: options.momentum,
        weightDecay: options.weight_decay,
        nesterov: options.nesterov,
      });
      const rate = cosineSchedule({ base, steps: steps.length });
      let params = tensorsOf(start);
      let average = params;
      let state = toTensors(optimizer.init(hostTree(start)));
      for (const [step, expected] of steps.entries()) {
        ({ params, state } = optimizer.update(
          params,
          tensorsOf(expected.gradients),
          state,
          tf.scalar(rate(step)),
        ));
        average = ema(average, params, tf.scalar(fixture.decay));
        // Ten steps of float32 rounding (6e-8 each) against float64.
        expect(worstError(params, expected.params)).toBeLessThan(1e-6);
        expect(worstError(average, expected.average)).toBeLessThan(1e-6);
      }
    },
  );

  it('starts from zeros of the parameters’ form', () => {
    const state = sgd().init(
      treeOf([
        ['layer.weight', float32([2, 1], [1, 2])],
        ['scale', float32([], [3])],
      ]),
    );
    expect(
      leaves(state).map(([path, { shape, data }]) => [path, shape, [...data]]),
    ).toEqual([
      ['layer.weight', [2, 1], [0, 0]],
      ['scale', [], [0]],
    ]);
  });

  it('leaves its arguments as they are', () => {
    const params = { w: tf.tensor1d([1, 2]) };
    const gradients = { w: tf.tensor1d([3, 4]) };
    const state = { w: tf.tensor1d([5, 6]) };
    sgd().update(params, gradients, state, tf.scalar(0.1));
    expect([
      ...params.w.dataSync(),
      ...gradients.w.dataSync(),
      ...state.w.dataSync(),
    ]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('names what the parameters and gradients do not share', () => {
    const w = tf.tensor1d([1]);
    const rate = tf.scalar(0.1);
    expect(() =>
      sgd().update({ a: w, b: w }, { a: w }, { a: w }, rate),
    ).toThrow(
      new ShapeError(
        'the trees differ (- only in the first, + only in the second):\n- b',
      ),
    );
  });

  it.each([
    [{ momentum: 1 }, 'momentum is 1, expected [0, 1)'],
    [{ momentum: NaN }, 'momentum is NaN, expected [0, 1)'],
    [{ weightDecay: -1 }, 'weightDecay is -1, expected at least 0'],
    [{ momentum: 0, nesterov: true }, /nesterov is on with a momentum of 0/],
  ])('refuses %o', (options, message) => {
    expect(() => sgd(options)).toThrow(HyperparameterError);
    expect(() => sgd(options)).toThrow(message);
  });
});
