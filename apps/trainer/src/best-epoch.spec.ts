import { describe, expect, it } from 'vitest';

import { plannedBatches } from './batch-plan.js';
import { isBetter, isPatienceOver, validationOf } from './best-epoch.js';

const rowOf = (label: number, probabilities: readonly number[]) => ({
  nodule: 'n',
  patient: 'p',
  label,
  prediction: probabilities.indexOf(Math.max(...probabilities)),
  probabilities,
});

// Labels 0 0 1 2, predictions 0 1 1 1.
const rows = [
  rowOf(0, [0.6, 0.3, 0.1]),
  rowOf(0, [0.4, 0.5, 0.1]),
  rowOf(1, [0.1, 0.8, 0.1]),
  rowOf(2, [0.1, 0.7, 0.2]),
];
const classes = { count: 3, ordered: true };

describe('the figures of the validation nodules', () => {
  it('are accuracy and loss, and what chooses the best epoch', () => {
    const loss =
      -(Math.log(0.6) + Math.log(0.4) + Math.log(0.8) + Math.log(0.2)) / 4;
    const plain = { accuracy: 0.5, loss: expect.closeTo(loss, 12) as number };
    expect(validationOf(rows, 'accuracy', classes)).toEqual(plain);
    expect(validationOf(rows, 'loss', classes)).toEqual(plain);
    // F1 of the classes: 2/3, 1/2, 0.
    expect(validationOf(rows, 'macroF1', classes)).toEqual({
      ...plain,
      score: expect.closeTo((2 / 3 + 1 / 2) / 3, 12) as number,
    });
    // Of each class, its own nodules have the highest probability.
    expect(validationOf(rows, 'auc', classes)?.score).toBeCloseTo(1, 12);
    // 1 − 2 / ((2·1·0 + 2·3·1 + 1·1·1 + 1·3·0 + 1·1·4 + 1·3·1) / 4) by quadratic costs.
    expect(validationOf(rows, 'kappa', classes)?.score).toBeCloseTo(
      1 - 2 / (14 / 4),
      12,
    );
    // 2 of 4 wrong; by chance (2·3 + 1·1 + 1·1 + 1·3) / 4.
    expect(
      validationOf(rows, 'kappa', { ...classes, ordered: false })?.score,
    ).toBeCloseTo(1 - 2 / (11 / 4), 12);
  });

  it('have the mean AUC of the classes against the rest', () => {
    const scores = [0.2, 0.6, 0.4, 0.3];
    const two = scores.map((p, i) => rowOf(i < 2 ? 0 : 1, [1 - p, p]));
    // Of the pairs of class 1 and class 0, 0.4 and 0.3 are above 0.2, and neither is above 0.6.
    expect(validationOf(two, 'auc', { count: 2, ordered: false })?.score).toBe(
      0.5,
    );
  });

  it('are none where no nodules are held out, and null where they are undefined', () => {
    expect(validationOf([], 'auc', classes)).toBeNull();
    const one = rows.slice(0, 1);
    expect(validationOf(one, 'auc', classes)).toMatchObject({ score: null });
    expect(validationOf(one, 'kappa', classes)).toMatchObject({ score: null });
  });
});

describe('an epoch is better', () => {
  const figures = (accuracy: number, loss: number, score?: number | null) => ({
    ...{ epoch: 0, accuracy, loss },
    ...(score === undefined ? {} : { score }),
  });

  it.each([
    ['accuracy', figures(0.6, 9), figures(0.5, 1), true],
    ['accuracy', figures(0.5, 0.9), figures(0.5, 1), true],
    ['accuracy', figures(0.5, 1), figures(0.5, 1), false],
    ['loss', figures(0.1, 0.9), figures(0.5, 1), true],
    ['loss', figures(0.9, 1.1), figures(0.5, 1), false],
    ['auc', figures(0.1, 9, 0.8), figures(0.5, 1, 0.7), true],
    ['auc', figures(0.9, 0.1, null), figures(0.5, 1, 0.1), false],
    ['auc', figures(0.1, 9, 0.1), figures(0.5, 1, null), true],
    ['kappa', figures(0.1, 9, -0.5), figures(0.5, 1, -0.6), true],
  ] as const)('by %s', (metric, found, than, expected) => {
    expect(isBetter(found, than, metric)).toBe(expected);
    expect(isBetter(found, null, metric)).toBe(true);
  });
});

it('patience is over after as many epochs without a better one', () => {
  const best = { epoch: 3, accuracy: 1, loss: 0 };
  const over = [4, 5, 6, 7].map((epoch) =>
    isPatienceOver({ patience: 2 }, { epoch, best }),
  );
  expect(over).toEqual([false, false, true, true]);
  expect(isPatienceOver({ patience: null }, { epoch: 99, best })).toBe(false);
  expect(isPatienceOver({ patience: 1 }, { epoch: 99, best: null })).toBe(
    false,
  );
});

describe('balanced epochs', () => {
  const train = Array.from({ length: 110 }, (_, i) => i);
  const strata = [train.slice(0, 100), train.slice(100)];
  const plan = { train, strata, batchSize: 10, seed: 1, fold: 0, epochs: 200 };

  it('draw each class as often, and each of its nodules as often, as weights of 1 / count would', () => {
    const counts = new Array<number>(110).fill(0);
    let drawn = 0;
    for (const { rows } of plannedBatches({ ...plan, fromEpoch: 0 })) {
      for (const row of rows) {
        counts[row] = (counts[row] ?? 0) + 1;
        drawn += 1;
      }
    }
    expect(drawn).toBe(200 * 110);
    const within = (count: number, share: number): void => {
      const deviation = Math.sqrt(drawn * share * (1 - share));
      expect(Math.abs(count - drawn * share)).toBeLessThan(5 * deviation);
    };
    within(
      counts.slice(0, 100).reduce((a, b) => a + b),
      1 / 2,
    );
    for (const [row, count] of counts.entries()) {
      within(count, row < 100 ? 1 / 200 : 1 / 20);
    }
  });

  it('are the same again from any epoch on', () => {
    const all = [...plannedBatches({ ...plan, fromEpoch: 0 })];
    const later = [...plannedBatches({ ...plan, fromEpoch: 150, skip: 4 })];
    expect(later).toEqual(all.slice(150 * 11 + 4));
  });
});
