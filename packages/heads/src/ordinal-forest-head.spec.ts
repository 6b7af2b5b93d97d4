import { OptionShapeError, RandomStream } from '@clip-lung/tensor';
import { toTensors } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { logForest, logRouting } from './forest.js';
import { ordinalForestHead } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

/** A small forest: its depth, the outputs that its nodes read, the outputs, and the leaves' logits. */
const forest = fc
  .record({
    trees: fc.integer({ min: 1, max: 3 }),
    depth: fc.integer({ min: 1, max: 4 }),
    classes: fc.integer({ min: 2, max: 5 }),
    scale: fc.constantFrom(1, 10, 200),
    seed: fc.integer(),
  })
  .map(({ trees, depth, classes, scale, seed }) => {
    const random = new RandomStream(seed, 'forest');
    const nodes = 2 ** depth - 1;
    const drawn = (size: number, by: number): number[] =>
      Array.from({ length: size }, () => random.normal(0, by));
    return {
      depth,
      classes,
      choice: Array.from({ length: trees }, () =>
        random
          .shuffle(Array.from({ length: nodes + 3 }, (_, unit) => unit))
          .slice(0, nodes),
      ),
      outputs: drawn(nodes + 3, scale),
      leaves: tf.tensor3d(drawn(trees * (nodes + 1) * classes, 3), [
        trees,
        nodes + 1,
        classes,
      ]),
    };
  });

describe('a forest', () => {
  it('routes all of a nodule to leaves, in every tree', () => {
    fc.assert(
      fc.property(forest, ({ outputs, choice, depth }) => {
        const log = logRouting(tf.tensor2d([outputs]), choice, depth);
        const [found = []] = log.arraySync();
        expect(found.flat().every(Number.isFinite)).toBe(true);
        for (const tree of found) {
          expect(tree).toHaveLength(2 ** depth);
          expect(tree.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(
            1,
            5,
          );
        }
      }),
    );
  });

  it('whose nodes are certain sends all to the leaf that one finds by walking', () => {
    fc.assert(
      fc.property(forest, ({ outputs, choice, depth }) => {
        const certain = outputs.map((x) => (x < 0 ? -99 : 99));
        const log = logRouting(tf.tensor2d([certain]), choice, depth);
        choice.forEach((units, tree) => {
          let node = 0;
          while (node < units.length)
            node =
              2 * node + ((certain[units[node] ?? NaN] ?? NaN) > 0 ? 1 : 2);
          const leaf = node - units.length;
          const [found] = log.arraySync();
          expect(Math.exp(found?.[tree]?.[leaf] ?? NaN)).toBeCloseTo(1, 6);
        });
      }),
    );
  });

  it('is a distribution, and so is each of its leaves', () => {
    fc.assert(
      fc.property(forest, ({ outputs, choice, depth, leaves, classes }) => {
        const leaf = tf.reshape<tf.Rank.R2>(tf.softmax(leaves), [-1, classes]);
        const routing = logRouting(tf.tensor2d([outputs]), choice, depth);
        const whole = tf.exp(logForest(routing, leaves));
        const rows = tf.concat([leaf, whole]).arraySync();
        for (const row of rows) {
          expect(Math.min(...row)).toBeGreaterThanOrEqual(0);
          expect(row.reduce((sum, p) => sum + p)).toBeCloseTo(1, 5);
        }
      }),
    );
  });

  it('is the mean of its trees', () => {
    fc.assert(
      fc.property(forest, ({ outputs, choice, depth, leaves }) => {
        const routing = logRouting(tf.tensor2d([outputs]), choice, depth);
        const each = choice.map((_, tree) =>
          tf.exp(
            logForest(
              tf.slice(routing, [0, tree, 0], [1, 1, -1]),
              tf.slice(leaves, [tree, 0, 0], [1, -1, -1]),
            ),
          ),
        );
        const mean = tf.div(tf.addN(each), choice.length);
        const whole = tf.exp(logForest(routing, leaves));
        const error = tf.max(tf.abs(tf.sub(mean, whole)));
        expect(error.arraySync()).toBeLessThan(1e-6);
      }),
    );
  });
});

describe('the ordinal-forest head', () => {
  const options = { classes: 3, features: 16, trees: 2, depth: 2, units: 5 };
  const tensors = (seed: number, from = options) =>
    toTensors(ordinalForestHead(from).init(new RandomStream(seed)));
  const maps = tf.tidy(() =>
    tf.randomNormal<tf.Rank.R4>([2, 1, 8, 8], 0, 1, 'float32', 3),
  );

  it('draws which outputs its nodes read from its own seed, and not from that of the weights', () => {
    const params = tensors(1);
    const logits = (seed: number): number[][] =>
      ordinalForestHead({ ...options, seed })
        .apply(params, maps)
        .arraySync();
    expect(logits(5)).toEqual(logits(5));
    expect(logits(6)).not.toEqual(logits(5));
  });

  it('reads no output twice in a tree: each bears on as many splits as trees read it', () => {
    // With as many outputs as nodes, every tree reads every output, so each has a gradient.
    const all = { ...options, trees: 1, units: 3 };
    const params = tensors(2, all) as {
      fc: { weight: tf.Tensor; bias: tf.Tensor };
      leaves: tf.Tensor;
    };
    const gradient = tf.grad((bias) =>
      tf.sum(
        tf.slice(
          ordinalForestHead(all).apply(
            { ...params, fc: { ...params.fc, bias } },
            maps,
          ),
          [0, 0],
          [-1, 1],
        ),
      ),
    )(params.fc.bias);
    for (const slope of gradient.arraySync() as number[])
      expect(slope).not.toBe(0);
  });

  it('starts with leaves that differ, so that the nodes have a gradient', () => {
    const { leaves } = tensors(1) as { leaves: tf.Tensor };
    expect(leaves.shape).toEqual([2, 4, 3]);
    expect(new Set(leaves.dataSync()).size).toBe(24);
  });

  it('refuses fewer outputs than split nodes', () => {
    expect(() => ordinalForestHead({ ...options, depth: 3 })).toThrow(
      new OptionShapeError(
        'units',
        'is 5, expected at least 7, one for each split node of a tree of depth 3',
      ),
    );
    expect(() => ordinalForestHead({ ...options, trees: 0 })).toThrow(
      'trees is 0, expected a whole number of at least 1',
    );
  });
});
