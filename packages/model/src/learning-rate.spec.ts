import { describe, expect, it } from 'vitest';

import { learningRateOf } from './learning-rate.js';

describe('the learning rate', () => {
  const rates = (per: 'step' | 'epoch') => {
    const training = { epochs: 4, learningRate: 0.2, schedule: { per } };
    const rate = learningRateOf(training, 3);
    return Array.from({ length: 12 }, (_, step) => rate(step));
  };

  it('falls with every step', () => {
    rates('step').forEach((rate, step) => {
      expect(rate).toBeCloseTo(0.1 * (1 + Math.cos((Math.PI * step) / 12)), 12);
    });
  });

  it('falls once an epoch, and is the same for all of its steps', () => {
    // PyTorch: CosineAnnealingLR(SGD(…, lr=0.2), T_max=4), of which step() is called behind each epoch.
    const ofEpochs = [0.2, 0.1707106781186548, 0.1, 0.0292893218813453];
    rates('epoch').forEach((rate, step) => {
      expect(rate).toBeCloseTo(ofEpochs[Math.floor(step / 3)] ?? NaN, 12);
    });
  });
});
