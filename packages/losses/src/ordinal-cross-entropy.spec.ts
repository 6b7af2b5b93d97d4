import { ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { crossEntropy, type Loss, ordinalCrossEntropy } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

/** The cost of logits where the class is `label`. */
function cost(loss: Loss, logits: readonly number[], label: number): number {
  const inputs = {
    logits: tf.tensor2d([[...logits]]),
    targets: tf.tensor2d([logits.map((_, k) => Number(k === label))]),
    groups: tf.zeros<tf.Rank.R3>([1, 1, 1]),
  };
  return loss.compute(inputs).arraySync();
}

const sure = fc.double({ min: 0.5, max: 20, noNaN: true });
const classes = fc.integer({ min: 3, max: 7 });

describe('the ordinal cross-entropy', () => {
  it('grows with the distance between ranks, where cross-entropy does not', () => {
    fc.assert(
      fc.property(classes, fc.nat(6), sure, (classes, seed, certainty) => {
        const label = seed % classes;
        const costs = Array.from({ length: classes }, (_, place) => {
          const logits = Array.from({ length: classes }, (__, k) =>
            k === place ? certainty : 0,
          );
          return {
            distance: Math.abs(place - label),
            above: place > label,
            ordinal: cost(ordinalCrossEntropy(), logits, label),
            nominal: cost(crossEntropy(), logits, label),
          };
        });
        for (const near of costs) {
          for (const far of costs) {
            if (near.distance === 0 || near.above !== far.above) continue;
            if (far.distance <= near.distance) continue;
            expect(far.ordinal).toBeGreaterThan(near.ordinal);
            expect(far.nominal).toBeCloseTo(near.nominal, 4);
          }
        }
      }),
    );
  });

  it('is least where the label is most probable', () => {
    fc.assert(
      fc.property(classes, fc.nat(6), sure, (classes, seed, certainty) => {
        const label = seed % classes;
        const at = (place: number): number =>
          cost(
            ordinalCrossEntropy(),
            Array.from({ length: classes }, (_, k) =>
              k === place ? certainty : 0,
            ),
            label,
          );
        for (let place = 0; place < classes; place++)
          expect(at(place)).toBeGreaterThanOrEqual(at(label));
      }),
    );
  });

  it('with two classes is cross-entropy', () => {
    const logit = fc.float({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(logit, logit, fc.nat(1), (a, b, label) => {
        expect(cost(ordinalCrossEntropy(), [a, b], label)).toBeCloseTo(
          cost(crossEntropy(), [a, b], label),
          4,
        );
      }),
    );
  });

  it('refuses targets that would only fit by broadcasting', () => {
    expect(() =>
      ordinalCrossEntropy().compute({
        logits: tf.zeros([2, 3]),
        targets: tf.ones([1, 3]),
        groups: tf.zeros([2, 1, 1]),
      }),
    ).toThrow(
      new ShapeError(
        'targets of shape [1, 3] do not fit logits of shape [2, 3], expected the same',
      ),
    );
  });
});
