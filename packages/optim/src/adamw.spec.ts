import { readFileSync } from 'node:fs';

import {
  decodeSafetensors,
  encodeSafetensors,
  float32,
  leaves,
  type NdArray,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { type TensorTree, toTensors } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';

import { adamw, type AdamWOptions, HyperparameterError } from './index.js';

const { shapes, trajectories } = JSON.parse(
  readFileSync(new URL('../fixtures/adamw.json', import.meta.url), 'utf8'),
) as Fixture;

beforeAll(() => tf.setBackend('cpu'));

describe('adamw', () => {
  it.each(trajectories)(
    'follows PyTorch for twenty steps of a changing rate, a checkpoint in their middle: $options',
    ({ options, start, steps }) => {
      const optimizer = adamw(ours(options));
      let params = tensorsOf(start);
      let state = toTensors(optimizer.init(hostTree(start)));
      for (const [step, expected] of steps.entries()) {
        if (step === 10) state = throughCheckpoint(state);
        ({ params, state } = optimizer.update(
          params,
          tensorsOf(expected.gradients),
          state,
          tf.scalar(expected.rate),
        ));
        // Twenty steps of float32 rounding (6e-8 each) against float64.
        expect(worstError(params, expected.params)).toBeLessThan(1e-6);
      }
    },
  );

  it('lets weights and context vectors decay, and neither biases nor single numbers', () => {
    const optimizer = adamw({ weightDecay: 0.5 });
    const start = treeOf([
      ['weight', float32([1, 2], [2, 4])],
      ['ctx', float32([1, 1, 1], [2])],
      ['bias', float32([2], [2, 4])],
      ['scale', float32([], [2])],
    ]);
    const params = toTensors(start);
    const gradients = toTensors(
      treeOf(
        leaves(start).map(([path, { shape, data }]) => [
          path,
          float32(shape, new Float32Array(data.length)),
        ]),
      ),
    );
    const { params: after } = optimizer.update(
      params,
      gradients,
      toTensors(optimizer.init(start)),
      tf.scalar(0.5),
    );
    expect(
      leaves(after).map(([path, tensor]) => [path, [...tensor.dataSync()]]),
    ).toEqual([
      ['weight', [1.5, 3]],
      ['ctx', [1.5]],
      ['bias', [2, 4]],
      ['scale', [2]],
    ]);
  });

  it.each<[AdamWOptions, string]>([
    [{ beta1: 1 }, 'beta1 is 1, expected [0, 1)'],
    [{ beta2: NaN }, 'beta2 is NaN, expected [0, 1)'],
    [{ epsilon: 0 }, 'epsilon is 0, expected above 0'],
    [{ weightDecay: -1 }, 'weightDecay is -1, expected at least 0'],
  ])('refuses %o', (options, message) => {
    expect(() => adamw(options)).toThrow(HyperparameterError);
    expect(() => adamw(options)).toThrow(message);
  });
});

type Values = Readonly<Record<string, readonly number[]>>;

interface Trajectory {
  readonly options: {
    readonly betas?: readonly [number, number];
    readonly eps?: number;
    readonly weight_decay?: number;
  };
  readonly start: Values;
  readonly steps: readonly {
    readonly rate: number;
    readonly gradients: Values;
    readonly params: Values;
  }[];
}

interface Fixture {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly trajectories: readonly Trajectory[];
}

/** What PyTorch leaves out has its default there, and ours here. */
function ours({
  betas,
  eps: epsilon,
  weight_decay: weightDecay,
}: Trajectory['options']): AdamWOptions {
  return {
    ...(betas && { beta1: betas[0], beta2: betas[1] }),
    ...(epsilon !== undefined && { epsilon }),
    ...(weightDecay !== undefined && { weightDecay }),
  };
}

function hostTree(values: Values): Tree<NdArray<'float32'>> {
  return treeOf(
    Object.entries(values).map(
      ([name, list]) => [name, float32(shapes[name] ?? [NaN], list)] as const,
    ),
  );
}

const tensorsOf = (values: Values): TensorTree => toTensors(hostTree(values));

/** The state as a run that goes on finds it. */
function throughCheckpoint(state: TensorTree): TensorTree {
  const arrays = leaves(state).map(
    ([path, tensor]) =>
      [path, float32(tensor.shape, tensor.dataSync<'float32'>())] as const,
  );
  const { tensors } = decodeSafetensors(
    encodeSafetensors(arrays),
    'checkpoint',
  );
  return toTensors(treeOf(tensors));
}

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
