import { float32, scalar } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { EpochSums } from './epoch-sums.js';

describe('the sums of an epoch', () => {
  const at = { fold: 0, epoch: 1, step: 7 };
  const batch = (loss: number, gradientNorm?: number) => ({
    loss: scalar(loss),
    terms: { focal: scalar(2 * loss) },
    logits: float32([2, 2], [1, 0, 1, 0]),
    ...(gradientNorm !== undefined && { gradientNorm: scalar(gradientNorm) }),
  });
  const labels = Int32Array.of(0, 1);

  it('have the mean of the gradients’ norms, where they are clipped, and go on from what is saved', () => {
    const first = new EpochSums();
    first.add(batch(1, 3), labels, at);
    const sums = new EpochSums(first.totals());
    sums.add(batch(2, 5), labels, at);
    expect(sums.means({ steps: 2, accumulate: 1 })).toEqual({
      loss: 1.5,
      terms: { focal: 3 },
      trainAccuracy: 0.5,
      gradientNorm: 4,
    });
    const plain = new EpochSums();
    plain.add(batch(1), labels, at);
    expect(plain.means({ steps: 1, accumulate: 1 })).not.toHaveProperty(
      'gradientNorm',
    );
  });

  it('of steps of several batches have the mean loss of these, and the mean norm of those', () => {
    const sums = new EpochSums();
    sums.add(batch(1), labels, at);
    sums.add(batch(3, 5), labels, at);
    expect(sums.means({ steps: 1, accumulate: 2 })).toMatchObject({
      loss: 2,
      terms: { focal: 4 },
      gradientNorm: 5,
    });
  });

  it('refuse gradients that are not finite, though the loss is', () => {
    expect(() => {
      new EpochSums().add(batch(1, Infinity), labels, at);
    }).toThrow(
      'the norm of the gradients is Infinity at step 7 (fold 0, epoch 1); nothing of that step is saved. Lower training.learningRate',
    );
  });
});
