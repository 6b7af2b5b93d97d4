import { ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';

import { classAttribute, imageAttribute, imageClass } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

// Values and gradients are compared with PyTorch's in every-loss.spec.ts.

/** A batch of B nodules, T groups, K classes and M attributes, with D = 4. */
function inputs(batch: number, groups: number, classes: number) {
  const random = (...shape: [number, number, number]): tf.Tensor3D =>
    tf.randomNormal(shape, 0, 1, 'float32', 5);
  return {
    logits: tf.zeros<tf.Rank.R2>([batch, classes]),
    targets: tf.squeeze<tf.Tensor2D>(tf.softmax(random(1, batch, classes)), [
      0,
    ]),
    groups: random(batch, groups, 4),
    classes: random(batch, classes, 4),
    attributes: random(batch, 6, 4),
    attributeWeights: tf.fill<tf.Rank.R2>([batch, 6], 1 / 6),
    scale: tf.scalar(2),
  };
}

describe('image-class with the targets of the first groups', () => {
  it('knows nothing of the targets of later nodules', () => {
    const loss = imageClass({ targets: 'first-groups' });
    const given = inputs(4, 2, 3);
    const changed = tf.concat<tf.Tensor2D>([
      tf.slice(given.targets, [0, 0], [2, 3]),
      tf.reverse(tf.slice(given.targets, [2, 0], [2, 3]), 1),
    ]);
    const value = loss.compute(given).arraySync();
    expect(loss.compute({ ...given, targets: changed }).arraySync()).toBe(
      value,
    );
    const paper = imageClass();
    expect(
      paper.compute({ ...given, targets: changed }).arraySync(),
    ).not.toBeCloseTo(paper.compute(given).arraySync(), 3);
  });

  it('is the paper’s for a batch of one class', () => {
    const given = inputs(4, 2, 3);
    const same = tf.tile(tf.slice(given.targets, [0, 0], [1, 3]), [4, 1]);
    const one = { ...given, targets: same };
    expect(
      imageClass({ targets: 'first-groups' }).compute(one).arraySync(),
    ).toBeCloseTo(imageClass().compute(one).arraySync(), 5);
  });

  it('refuses a batch of fewer nodules than groups', () => {
    expect(() =>
      imageClass({ targets: 'first-groups' }).compute(inputs(3, 4, 3)),
    ).toThrow(
      new ShapeError(
        'the batch holds 3 nodules, "first-groups" takes the targets of the first 4, one for each channel group: use larger batches',
      ),
    );
  });
});

describe('image-attribute in the published code’s form', () => {
  const loss = imageAttribute({ form: 'published-code' });

  it('refuses more classes than groups', () => {
    expect(() => loss.compute(inputs(5, 2, 3))).toThrow(
      /^there are 3 classes and 2 channel groups; .* use more groups, or the form "paper"$/,
    );
  });

  it('asks groups beyond the classes for less similarity', () => {
    const given = inputs(5, 4, 3);
    // All groups alike: four equal logits, of which three can be a class.
    const alike = tf.tile(
      tf.slice(given.groups, [0, 0, 0], [5, 1, 4]),
      [1, 4, 1],
    );
    expect(loss.compute({ ...given, groups: alike }).arraySync()).toBeCloseTo(
      Math.log(4),
      5,
    );
  });
});

describe('attribute weights of another shape', () => {
  it.each([
    imageAttribute({ form: 'published-code' }),
    classAttribute({ form: 'published-code' }),
  ])('are refused by $name', (loss) => {
    expect(() =>
      loss.compute({ ...inputs(5, 4, 3), attributeWeights: tf.ones([5, 1]) }),
    ).toThrow(ShapeError);
  });
});
