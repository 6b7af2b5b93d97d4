import { PassThrough } from 'node:stream';

import { expect, it } from 'vitest';

import { Screen } from './screen.js';
import { showTraining } from './show-training.js';

/** What is said of two folds whose average keeps this share of its start. */
function saidOf(
  startInAverage: number,
  leftOut = 0,
  batchesPerStep = 1,
): string {
  const err = new PassThrough();
  const show = showTraining(new Screen({ out: new PassThrough(), err }, false));
  for (const fold of [0, 1]) {
    show({
      ...{ kind: 'fold-start', fold, train: 64, validation: 16, test: 20 },
      ...{ fromEpoch: 0, fromStep: 0, epochs: 5, stepsPerEpoch: 4 },
      ...{ batchesPerStep, leftOut, startInAverage },
    });
  }
  return String(err.read());
}

it('says once that a run is too short for its moving average', () => {
  expect(saidOf(0.999 ** 20).match(/make up 98\.0 % after 20 steps/g)).toEqual([
    'make up 98.0 % after 20 steps',
  ]);
  expect(saidOf(0.4)).not.toContain('average');
});

it('says once that nodules which fill no batch are left out', () => {
  const line =
    'an epoch has 4 full batches: 3 nodules are left out, different ones in each epoch';
  expect(saidOf(0.4, 3).split(line)).toHaveLength(2);
  expect(saidOf(0.4)).not.toContain('left out');
  expect(saidOf(0.4, 3, 2)).toContain(
    'an epoch has 4 steps of 2 full batches: 3 nodules are left out',
  );
});
