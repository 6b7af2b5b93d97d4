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
    expect(sums.means(2)).toEqual({
      loss: 1.5,
      terms: { focal: 3 },
      trainAccuracy: 0.5,
      gradientNorm: 4,
    });
    const plain = new EpochSums();
    plain.add(batch(1), labels, at);
    expect(plain.means(1)).not.toHaveProperty('gradientNorm');
  });

  it('refuse gradients that are not finite, though the loss is', () => {
    expect(() => {
      new EpochSums().add(batch(1, Infinity), labels, at);
    }).toThrow(
      'the norm of the gradients is Infinity at step 7 (fold 0, epoch 1); nothing of that step is saved. Set training.learningRate lower',
    );
  });
});
