import { fileURLToPath } from 'node:url';

import { float32, type NdArray, type Tree, treeOf } from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import { toTensors } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// tfjs-core's bundle for Node comes without gradients; this package registers them.
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  type ClassifierHead,
  linearHead,
  ordinalForestHead,
  poissonHead,
  stickBreakingHead,
  unsureHead,
} from './index.js';

type Apply = (params: Tree<tf.Tensor>, features: tf.Tensor4D) => tf.Tensor2D;

const features = 32;
let fixture: ReadonlyMap<string, NdArray>;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const url = new URL('../fixtures/torch.safetensors', import.meta.url);
  ({ tensors: fixture } = await readSafetensors(fileURLToPath(url)));
});

const applyOf =
  (head: ClassifierHead): Apply =>
  (params, maps) =>
    head.apply(params, maps);

const heads: Readonly<Record<string, (classes: number) => Apply>> = {
  linear: (classes) => applyOf(linearHead({ classes, features })),
  poisson: (classes) => applyOf(poissonHead({ classes, features })),
  'stick-breaking': (classes) =>
    applyOf(stickBreakingHead({ classes, features })),
  unsure: (classes) => applyOf(unsureHead({ classes, features })),
  'ordinal-forest': (classes) =>
    applyOf(
      ordinalForestHead({ classes, features, trees: 3, depth: 3, units: 10 }),
    ),
};

function stored(name: string): tf.Tensor {
  const array = fixture.get(name);
  if (array === undefined) throw new Error(`the fixture has no "${name}"`);
  // Some are float64, which tfjs does not have.
  return toTensors(float32(array.shape, Array.from(array.data, Number)));
}

function storedBelow(prefix: string): Map<string, tf.Tensor> {
  const names = [...fixture.keys()].filter((name) => name.startsWith(prefix));
  return new Map(
    names.map((name) => [name.slice(prefix.length), stored(name)]),
  );
}

/** The largest difference, in proportion to the largest value. */
function relativeError(found: tf.Tensor, expected: tf.Tensor): number {
  expect(found.shape).toEqual(expected.shape);
  const difference = tf.max(tf.abs(tf.sub(found, expected)));
  return tf.div(difference, tf.max(tf.abs(expected))).arraySync() as number;
}

describe.each(Object.keys(heads))('the head "%s" is PyTorch’s', (name) => {
  it.each([2, 3, 5])('with %i classes: values and gradients', (classes) => {
    const given = storedBelow(`${name}.${classes}.given.`);
    const paths = [...given.keys()];
    const apply = heads[name]?.(classes) as Apply;
    const logProbabilities = (...tensors: tf.Tensor[]): tf.Tensor2D => {
      const named = paths.map((path, i) => [path, tensors[i]] as const);
      const params = treeOf(
        named.filter(([path]) => path !== 'features'),
      ) as Tree<tf.Tensor>;
      const maps = named.find(([path]) => path === 'features')?.[1];
      return tf.logSoftmax(apply(params, maps as tf.Tensor4D));
    };
    const probabilities = stored(`${name}.${classes}.probabilities`);
    const found = logProbabilities(...given.values());
    // Float32 against float64: logarithms of the same size, so no small probability is lost.
    expect(relativeError(found, tf.log(probabilities))).toBeLessThan(3e-6);

    const cotangent = stored(`${name}.${classes}.cotangent`);
    const gradients = tf.grads((...tensors) =>
      tf.sum(tf.mul(cotangent, logProbabilities(...tensors))),
    )([...given.values()]);
    paths.forEach((path, i) => {
      const expected = stored(`${name}.${classes}.gradient.${path}`);
      const error = relativeError(gradients[i] as tf.Tensor, expected);
      expect(error, path).toBeLessThan(1e-5);
    });
  });
});

it('all of the fixture is compared', () => {
  const cases = [...fixture.keys()];
  const known = Object.keys(heads);
  expect(cases.filter((n) => !known.includes(n.split('.')[0] ?? ''))).toEqual(
    [],
  );
});
