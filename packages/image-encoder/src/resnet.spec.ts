import {
  leaves,
  NdArray,
  OptionShapeError,
  RandomStream,
  ShapeError,
  sizeOf,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { toTensors } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  resnet18,
  resnet34,
  resnet50,
  type ResNetOptions,
  volumeResnet18,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));

/** By path. */
const tensorsOf = (tree: Tree<NdArray>): Map<string, tf.Tensor> =>
  new Map(leaves(toTensors(tree)));

describe('resnet18', () => {
  const narrow = { width: 4, slices: 2 };
  const small = resnet18({ slices: 3, width: 2, groups: 2, embedding: 128 });

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
    const first = (options: ResNetOptions, seed: number): NdArray => {
      const { params } = resnet18(options).init(new RandomStream(seed));
      const found = new Map(leaves<NdArray>(params)).get(
        'layer1.0.conv1.weight',
      );
      return found ?? new NdArray('float32', [0], new Float32Array());
    };
    expect(first(narrow, 1)).toEqual(first({ ...narrow, slices: 7 }, 1));
    expect(first(narrow, 1)).not.toEqual(first(narrow, 2));
  });

  it('makes T unit features of length D and G maps for CLIP-Lung’s sizes, one image at a time', () => {
    const wide = resnet18(narrow);
    expect(wide.sizes).toEqual({
      slices: 2,
      groups: 4,
      embedding: 512,
      channels: 32,
    });
    const { params, statistics } = wide.init(new RandomStream(1));
    const apply = (images: tf.Tensor4D): ReturnType<typeof wide.apply> =>
      wide.apply(
        treeOf(tensorsOf(params)),
        treeOf(tensorsOf(statistics)),
        images,
        {
          training: false,
        },
      );
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
    const { params, statistics } = small.init(new RandomStream(1));
    const given = tensorsOf(statistics);
    const found = small.apply(
      treeOf(tensorsOf(params)),
      treeOf(given),
      tf.zeros([1, 3, 32, 32]),
      { training: false },
    );
    for (const [path, value] of leaves(found.statistics)) {
      expect(value).toBe(given.get(path));
    }
  });

  it.each([
    [{ embedding: 100 }, 'embedding is 100, expected a multiple of 64'],
    [{ embedding: 0 }, 'embedding is 0, expected a multiple of 64'],
    [{ groups: 1.5 }, 'groups is 1.5, expected a whole number of at least 1'],
    [{ width: 0 }, 'width is 0, expected a whole number of at least 1'],
    [{ groups: 0 }, 'groups is 0, expected a whole number of at least 1'],
    [{ slices: -1 }, 'slices is -1, expected a whole number of at least 1'],
  ])('refuses %o', (options, message) => {
    expect(() => resnet18(options)).toThrow(new ShapeError(message));
  });

  it.each([
    [
      { groups: 3, channels: 32 },
      'groups',
      'is 3, which does not divide the 32 channels; leave channels out, or set it to 24',
    ],
    [
      { groups: 2, channels: 32 },
      'channels',
      'is 32: each of 2 groups has 16 maps of 8×8, 1024 values, and its feature has 512, the embedding; leave channels out, or set it to 16',
    ],
  ])('refuses %o, by the option', (options, option, problem) => {
    expect(() => resnet18(options)).toThrow(
      new OptionShapeError(option, problem),
    );
  });

  it('refuses images of another size', () => {
    expect(() =>
      small.apply({}, {}, tf.zeros([2, 3, 16, 16]), { training: false }),
    ).toThrow(
      new ShapeError(
        'the images are [2, 3, 16, 16], resnet18 takes [any, 3, 32, 32]',
      ),
    );
  });

  it('lists the weights that are missing, unknown, or of another shape', () => {
    const { params, statistics } = small.init(new RandomStream(1));
    const weights = tensorsOf(params);
    weights.delete('layer1.0.conv1.weight');
    weights.set('reduce.bias', tf.zeros([9]));
    weights.set('layer9.weight', tf.zeros([1]));
    expect(() =>
      small.apply(
        treeOf(weights),
        treeOf(tensorsOf(statistics)),
        tf.zeros([1, 3, 32, 32]),
        { training: false },
      ),
    ).toThrow(
      new ShapeError(
        [
          'the weights are not those of resnet18 (- missing, + unknown, ! of another shape):',
          '- layer1.0.conv1.weight [2, 2, 3, 3]',
          '! reduce.bias is [9], expected [4]',
          '+ layer9.weight',
        ].join('\n'),
      ),
    );
  });
});

// torchvision's resnet34 and resnet50 have so many tensors, and parameters, without their last layer; the stem is another.
describe.each([
  { make: resnet34, tensors: 108, parameters: 21_284_672, viewed: 128 },
  { make: resnet50, tensors: 159, parameters: 23_508_032, viewed: 512 },
])('$make.name', ({ make, tensors, parameters, viewed }) => {
  it('has the number of weights that torchvision’s has', () => {
    // Convolutions have a·w² weights, normalisations and the stem b·w: two narrow networks tell how many the full one has.
    const perChannel = (width: number): number => {
      const { params } = make({ slices: 3, width }).init(new RandomStream(1));
      const found = leaves<NdArray>(params);
      expect(found).toHaveLength(tensors + 2);
      const own = found.filter(([path]) => !path.startsWith('reduce'));
      return own.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0) / width;
    };
    const slope = perChannel(3) - perChannel(2);
    const stems = 64 * 3 * (7 * 7 - 3 * 3);
    const full = 64 * (perChannel(2) + slope * 62);
    expect(full + stems).toBe(parameters);
  });

  it('is viewed as maps of 8×8 for the reduction', () => {
    const { params } = make({ width: 8 }).init(new RandomStream(1));
    const found = new Map(leaves<NdArray>(params));
    expect(found.get('reduce.weight')?.shape).toEqual([32, viewed / 8, 1, 1]);
  });
});

describe('resnet18-3d', () => {
  it('has the names of ResNet-18’s weights, of volumes with one channel', () => {
    const { params, statistics } = volumeResnet18({ width: 8 }).init(
      new RandomStream(1),
    );
    const flat = resnet18({ width: 8 }).init(new RandomStream(1));
    const paths = (tree: Tree<NdArray<'float32'>>): string[] =>
      leaves<NdArray>(tree).map(([path]) => path);
    expect(paths(params)).toEqual(paths(flat.params));
    expect(paths(statistics)).toEqual(paths(flat.statistics));
    const shapes = leaves<NdArray>(params).map(
      ([path, { shape }]) => [path, shape] as const,
    );
    expect(Object.fromEntries(shapes)).toMatchObject({
      'conv1.weight': [8, 1, 3, 3, 3],
      'layer2.0.conv1.weight': [16, 8, 3, 3, 3],
      'layer2.0.downsample.0.weight': [16, 8, 1, 1, 1],
      'layer4.1.bn2.weight': [64],
      'reduce.weight': [32, 16, 1, 1],
    });
  });

  // torchvision's r3d_18 has 33,371,472 parameters; its stem is another, and it has a classifier.
  it('has the number of weights that torchvision’s r3d_18 has', () => {
    const perChannel = (width: number): number => {
      const { params } = volumeResnet18({ width }).init(new RandomStream(1));
      const own = leaves<NdArray>(params).filter(
        ([path]) => !path.startsWith('reduce'),
      );
      return own.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0) / width;
    };
    const slope = perChannel(3) - perChannel(2);
    const full = 64 * (perChannel(2) + slope * 62);
    const stems = 64 * (3 * 3 * 7 * 7 - 3 * 3 * 3);
    const classifier = 400 * (512 + 1);
    expect(full + stems + classifier).toBe(33_371_472);
  });

  it('sees where in depth something is, and in the order of slices', () => {
    const { params, statistics } = volumeResnet18({
      width: 2,
      embedding: 64,
    }).init(new RandomStream(1));
    const encoder = volumeResnet18({ width: 2, embedding: 64 });
    const seen = (images: tf.Tensor4D): number[] => [
      ...encoder
        .apply(
          treeOf(tensorsOf(params)),
          treeOf(tensorsOf(statistics)),
          images,
          { training: false },
        )
        .features.dataSync(),
    ];
    const crop = tf.randomUniform<tf.Rank.R4>(
      [1, 32, 32, 32],
      0,
      1,
      'float32',
      1,
    );
    expect(seen(crop)).toHaveLength(4 * 64);
    expect(seen(crop)).not.toEqual(seen(tf.reverse(crop, 1)));
  });

  it('refuses images of another size', () => {
    expect(() =>
      volumeResnet18().apply({}, {}, tf.zeros([2, 31, 32, 32]), {
        training: false,
      }),
    ).toThrow(
      new ShapeError(
        'the images are [2, 31, 32, 32], resnet18-3d takes [any, 32, 32, 32]',
      ),
    );
  });
});

describe('any number of groups', () => {
  it.each([
    [1, 8],
    [3, 24],
    [6, 48],
  ])('%i have 8 maps each at D = 512', (groups, channels) => {
    expect(resnet18({ groups }).sizes).toMatchObject({
      groups,
      channels,
      embedding: 512,
    });
    expect(resnet18({ groups, channels }).sizes.channels).toBe(channels);
  });
});
