import { fileURLToPath } from 'node:url';

import {
  leaves,
  NdArray,
  RandomStream,
  ShapeError,
  sizeOf,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// tfjs-core's bundle for Node comes without gradients; this package registers them.
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';

import { linearHead } from '@clip-lung/heads';

import { resnet18, type ResNet18Options } from './index.js';

// As in tools/reference/image_encoder.py.
const encoder = resnet18({ slices: 5, width: 3, groups: 2, embedding: 128 });
const head = linearHead({ classes: 3, features: 64 });

let fixture: ReadonlyMap<string, NdArray>;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const url = new URL('../fixtures/torch.safetensors', import.meta.url);
  ({ tensors: fixture } = await readSafetensors(fileURLToPath(url)));
});

function stored(name: string): NdArray<'float32'> {
  const array = fixture.get(name);
  if (!array?.is('float32')) throw new Error(`the fixture has no "${name}"`);
  return array;
}

const tensorOf = ({ shape, data }: NdArray<'float32'>): tf.Tensor =>
  tf.tensor(data, [...shape]);

/** The arrays whose names start with `prefix.`, as a tree of tensors. */
const group = (prefix: string): Map<string, tf.Tensor> =>
  new Map(
    [...fixture.keys()]
      .filter((name) => name.startsWith(`${prefix}.`))
      .map((name) => [name.slice(prefix.length + 1), tensorOf(stored(name))]),
  );

/** The largest difference, relative to the largest value. */
function error(actual: tf.Tensor, expected: NdArray<'float32'>): number {
  expect(actual.shape).toEqual(expected.shape);
  const data = actual.dataSync();
  let [difference, scale] = [0, 0];
  for (const [i, value] of expected.data.entries()) {
    difference = Math.max(difference, Math.abs(value - Number(data[i])));
    scale = Math.max(scale, Math.abs(value));
  }
  return difference / scale;
}

const isStatistic = (path: string): boolean => path.includes('running');

/** Encoder and head on the fixture's images. */
function run(
  weights: ReadonlyMap<string, tf.Tensor>,
  images: tf.Tensor,
  training: boolean,
): Record<'features' | 'groups' | 'logits', tf.Tensor> & {
  statistics: Tree<tf.Tensor>;
} {
  const entries = [...weights];
  const { features, groups, statistics } = encoder.apply(
    treeOf(
      entries.filter(([path]) => !isStatistic(path) && !path.startsWith('fc.')),
    ),
    treeOf(entries.filter(([path]) => isStatistic(path))),
    images as tf.Tensor4D,
    { training },
  );
  const logits = head.apply(
    treeOf(entries.filter(([path]) => path.startsWith('fc.'))),
    features,
  );
  return { features, groups, logits, statistics };
}

describe('resnet18 and its linear head, against PyTorch', () => {
  it.each(['training', 'evaluation'])('compute its outputs in %s', (mode) => {
    const { features, groups, logits } = run(
      group('weights'),
      tensorOf(stored('images')),
      mode === 'training',
    );
    // Twenty float32 layers against float64.
    expect(error(features, stored(`${mode}.features`))).toBeLessThan(1e-5);
    expect(error(groups, stored(`${mode}.groups`))).toBeLessThan(1e-5);
    expect(error(logits, stored(`${mode}.logits`))).toBeLessThan(1e-5);
  });

  it('update its running statistics', () => {
    const { statistics } = run(
      group('weights'),
      tensorOf(stored('images')),
      true,
    );
    const expected = group('updated');
    const found = new Map(leaves(statistics));
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [path, value] of found) {
      expect(error(value, stored(`updated.${path}`)), path).toBeLessThan(1e-5);
    }
  });

  it('have its gradients with respect to every weight, and the images', () => {
    const all = [...group('weights')];
    const weights = all.filter(([path]) => !isStatistic(path));
    const statistics = all.filter(([path]) => isStatistic(path));
    const toward = group('toward');
    const gradients = tf.grads((images: tf.Tensor, ...tensors: tf.Tensor[]) => {
      const changed = tensors.map(
        (tensor, i) => [weights[i]?.[0] ?? '', tensor] as const,
      );
      const outputs = run(new Map([...changed, ...statistics]), images, true);
      return tf.addN(
        (['features', 'groups', 'logits'] as const).map((name) =>
          tf.sum(tf.mul(outputs[name], toward.get(name) ?? NaN)),
        ),
      );
    })([tensorOf(stored('images')), ...weights.map(([, tensor]) => tensor)]);

    expect(gradients).toHaveLength(65); // 62 of the encoder, 2 of the head, the images
    const worst = ['images', ...weights.map(([path]) => path)].map(
      (path, i) =>
        [
          path,
          error(gradients[i] ?? tf.scalar(NaN), stored(`gradients.${path}`)),
        ] as const,
    );
    expect(worst.filter(([, difference]) => !(difference < 1e-5))).toEqual([]);
  });
});

describe('resnet18', () => {
  const small = { width: 4, slices: 2 };

  it('has the names, and the number, of ResNet-18’s weights', () => {
    const { params, statistics } = resnet18({ width: 8 }).init(
      new RandomStream(1),
    );
    const shapes = new Map(
      leaves<NdArray>(params).map(([path, { shape }]) => [path, shape]),
    );
    expect(shapes.size).toBe(62);
    expect(leaves(statistics)).toHaveLength(40);
    expect(Object.fromEntries(shapes)).toMatchObject({
      'conv1.weight': [8, 32, 3, 3],
      'bn1.bias': [8],
      'layer1.0.conv1.weight': [8, 8, 3, 3],
      'layer2.0.conv1.weight': [16, 8, 3, 3],
      'layer2.0.downsample.0.weight': [16, 8, 1, 1],
      'layer2.0.downsample.1.weight': [16],
      'layer4.1.bn2.weight': [64],
      'reduce.weight': [32, 16, 1, 1],
      'reduce.bias': [32],
    });
    expect([...shapes.keys()]).not.toContain('layer1.0.downsample.0.weight');
  });

  it('starts convolutions with variance 2 / fan-out, and normalisations as identities', () => {
    const { params, statistics } = resnet18({ width: 16 }).init(
      new RandomStream(1),
    );
    for (const [path, { shape, data }] of leaves<NdArray<'float32'>>(params)) {
      if (shape.length === 4) {
        const [outputs = 0, , height = 0, width = 0] = shape;
        const variance =
          data.reduce((sum, value) => sum + value * value, 0) / sizeOf(shape);
        const ratio = (variance * outputs * height * width) / 2;
        // The estimate's own deviation is √(2/n); five of them.
        expect(Math.abs(ratio - 1), path).toBeLessThan(
          5 * Math.sqrt(2 / sizeOf(shape)),
        );
      } else if (path !== 'reduce.bias') {
        const start = path.endsWith('weight') ? 1 : 0;
        expect(new Set(data), path).toEqual(new Set([start]));
      }
    }
    for (const [path, { data }] of leaves<NdArray<'float32'>>(statistics)) {
      const start = path.endsWith('running_var') ? 1 : 0;
      expect(new Set(data), path).toEqual(new Set([start]));
    }
  });

  it('starts from the seed alone, and each weight from its own stream', () => {
    const first = (options: ResNet18Options, seed: number): NdArray => {
      const { params } = resnet18(options).init(new RandomStream(seed));
      const found = new Map(leaves<NdArray>(params)).get(
        'layer1.0.conv1.weight',
      );
      return found ?? new NdArray('float32', [0], new Float32Array());
    };
    expect(first(small, 1)).toEqual(first({ ...small, slices: 7 }, 1));
    expect(first(small, 1)).not.toEqual(first(small, 2));
  });

  it('makes T unit features of length D and G maps for CLIP-Lung’s sizes, one image at a time', () => {
    const wide = resnet18(small);
    expect(wide.sizes).toEqual({
      slices: 2,
      groups: 4,
      embedding: 512,
      channels: 32,
    });
    const { params, statistics } = wide.init(new RandomStream(1));
    const tensors = (tree: Tree<NdArray<'float32'>>): Tree<tf.Tensor> =>
      treeOf(
        leaves<NdArray<'float32'>>(tree).map(
          ([path, array]) => [path, tensorOf(array)] as const,
        ),
      );
    const apply = (images: tf.Tensor4D): ReturnType<typeof wide.apply> =>
      wide.apply(tensors(params), tensors(statistics), images, {
        training: false,
      });
    const images = tf.randomUniform<tf.Rank.R4>(
      [2, 2, 32, 32],
      0,
      1,
      'float32',
      1,
    );
    const both = apply(images);
    expect(both.features.shape).toEqual([2, 32, 8, 8]);
    expect(both.groups.shape).toEqual([2, 4, 512]);
    for (const length of tf.norm(both.groups, 2, -1).dataSync()) {
      expect(length).toBeCloseTo(1, 5);
    }
    const alone = apply(tf.slice(images, [1], [1]));
    expect([...alone.groups.dataSync()]).toEqual([
      ...tf.slice(both.groups, [1], [1]).dataSync(),
    ]);
  });

  it('leaves the statistics as they are in evaluation', () => {
    const weights = group('weights');
    const { statistics } = run(weights, tensorOf(stored('images')), false);
    for (const [path, value] of leaves(statistics)) {
      expect(value).toBe(weights.get(path));
    }
  });

  it.each([
    [{ embedding: 100 }, 'embedding is 100, expected a multiple of 64'],
    [{ embedding: 0 }, 'embedding is 0, expected a multiple of 64'],
    [{ groups: 1.5 }, 'groups is 1.5, expected a whole number of at least 1'],
    [{ width: 0 }, 'width is 0, expected a whole number of at least 1'],
    [{ slices: -1 }, 'slices is -1, expected a whole number of at least 1'],
  ])('refuses %o', (options, message) => {
    expect(() => resnet18(options)).toThrow(new ShapeError(message));
  });

  it('refuses images of another size', () => {
    expect(() =>
      encoder.apply({}, {}, tf.zeros([2, 5, 16, 16]), { training: false }),
    ).toThrow(
      new ShapeError(
        'the images are [2, 5, 16, 16], resnet18 takes [any, 5, 32, 32]',
      ),
    );
  });

  it('lists the weights that are missing, unknown, or of another shape', () => {
    const weights = group('weights');
    weights.delete('layer1.0.conv1.weight');
    weights.set('reduce.bias', tf.zeros([9]));
    weights.set('layer9.weight', tf.zeros([1]));
    expect(() => run(weights, tensorOf(stored('images')), false)).toThrow(
      new ShapeError(
        [
          'the weights are not those of resnet18 (- missing, + unknown, ! of another shape):',
          '- layer1.0.conv1.weight [3, 3, 3, 3]',
          '! reduce.bias is [9], expected [4]',
          '+ layer9.weight',
        ].join('\n'),
      ),
    );
  });
});
