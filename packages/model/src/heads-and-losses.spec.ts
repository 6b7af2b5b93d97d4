import {
  type Arguments,
  cpuEngine,
  exportOnnx,
  onnxEngine,
  openOnnx,
  type Results,
} from '@clip-lung/engine';
import {
  float32,
  leaves,
  type NdArray,
  RandomStream,
  sizeOf,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { toHost, toTensors } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { builtInModules } from './modules.js';
import type { Chosen } from './registry.js';

// Heads and losses may not import an engine, so it is here that they are traced.

const engines = [cpuEngine(), onnxEngine({ threads: 1 })] as const;
afterAll(() => engines[1].dispose());

type Params = Tree<tf.Tensor>;
const [batch, channels, classes] = [4, 2, 3];
const random = new RandomStream(6, 'features');
const maps = float32(
  [batch, channels, 8, 8],
  Array.from({ length: sizeOf([batch, channels, 8, 8]) }, () =>
    random.normal(0, 3),
  ),
);
const inputs = {
  maps,
  targets: float32([batch, 3], [1, 0, 0, 0, 0, 1, 0, 0.75, 0.25, 0, 0, 1]),
  classCounts: float32([classes], [90, 7, 30]),
};
type Inputs = { readonly [Name in keyof typeof inputs]: tf.Tensor };

const headOf = (choice: Chosen) =>
  builtInModules.head.create(
    builtInModules.head.resolve(choice, 'head'),
    { classes, channels },
    'head',
  );
const lossOf = (choice: Chosen) =>
  builtInModules.loss.create(
    builtInModules.loss.resolve(choice, 'losses[0]'),
    {},
    'losses[0]',
  );

function worst(found: Tree<NdArray>, expected: Tree<NdArray>): number {
  const others = new Map(leaves<NdArray>(expected));
  const errors = leaves<NdArray>(found).map(([path, { data }]) => {
    const other = Array.from(others.get(path)?.data ?? [], Number);
    expect(data.length, path).toBe(other.length);
    const largest = Math.max(...other.map(Math.abs));
    expect(largest, `${path}: all zero would pass`).toBeGreaterThan(1e-9);
    const differences = other.map((x, i) => Math.abs(x - Number(data[i])));
    return Math.max(...differences) / largest;
  });
  return Math.max(...errors);
}

describe.each<readonly [string, Chosen, Chosen]>([
  ['linear and focal', { use: 'linear' }, { use: 'focal' }],
  ['linear, balanced', { use: 'linear' }, { use: 'class-balanced', gamma: 1 }],
  ['Poisson', { use: 'poisson' }, { use: 'cross-entropy' }],
  [
    'Poisson, fixed τ',
    { use: 'poisson', temperature: 0.3, learnTemperature: false },
    { use: 'cross-entropy' },
  ],
  ['NSB', { use: 'stick-breaking' }, { use: 'cross-entropy' }],
  ['UDM', { use: 'unsure' }, { use: 'cost-sensitive' }],
  ['CORF', { use: 'ordinal-forest' }, { use: 'ordinal-cross-entropy' }],
])('%s, traced against plain tfjs', (_, headChoice, lossChoice) => {
  const head = headOf(headChoice);
  const loss = lossOf(lossChoice);
  const params = head.init(new RandomStream(1, 'head'));
  const apply = head.apply.bind(head);

  it('has the same logits, loss and gradients', async () => {
    const [expected, found] = await Promise.all(
      engines.map((engine) => {
        const compiled = engine.compile(
          ({
            state,
            inputs: { maps, targets, classCounts },
          }: Arguments<
            { params: Params },
            Inputs,
            Params
          >): Results<Params> => {
            const paths = leaves<tf.Tensor>(state.params);
            const logitsOf = (...tensors: tf.Tensor[]): tf.Tensor2D =>
              apply(
                treeOf(
                  paths.map(([path], i) => [path, tensors[i] as tf.Tensor]),
                ),
                maps as tf.Tensor4D,
              );
            const tensors = paths.map(([, tensor]) => tensor);
            const { value, grads } = tf.valueAndGrads(
              (...given: tf.Tensor[]): tf.Scalar =>
                loss.compute({
                  logits: logitsOf(...given),
                  targets: targets as tf.Tensor2D,
                  classCounts: classCounts as tf.Tensor1D,
                  groups: tf.zeros([batch, 1, 1]),
                }),
            )(tensors);
            const gradients = Object.fromEntries(
              grads.map((gradient, i) => [`gradient${i}`, gradient]),
            );
            return {
              outputs: { logits: logitsOf(...tensors), value, ...gradients },
            };
          },
        );
        return compiled.run(
          engine.state<{ params: Params }>({ params }),
          inputs,
        );
      }),
    );
    expect(
      worst(found as Tree<NdArray>, expected as Tree<NdArray>),
    ).toBeLessThan(1e-5);
  });

  it('is exported for batches of any size', async () => {
    const bytes = exportOnnx(
      ({
        inputs: given,
        frozen,
      }: {
        inputs: { maps: tf.Tensor };
        frozen: Params;
      }) => ({ outputs: { logits: apply(frozen, given.maps as tf.Tensor4D) } }),
      {
        inputs: { maps: { shape: ['batch', channels, 8, 8] } },
        frozen: params,
      },
    );
    const model = await openOnnx(bytes, { file: 'head.onnx' });
    const one = float32([1, channels, 8, 8], maps.data.subarray(0, 128));
    const { logits } = await model.run({ maps: one });
    const expected = tf.tidy(() =>
      apply(toTensors(params), toTensors(one) as tf.Tensor4D),
    );
    expect(
      worst({ logits: logits as NdArray }, { logits: toHost(expected) }),
    ).toBeLessThan(1e-5);
  });
});
