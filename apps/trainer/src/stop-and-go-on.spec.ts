import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onnxEngine } from '@clip-lung/engine';
import { resolveExperiment } from '@clip-lung/model';
import {
  foldPaths,
  poolPredictions,
  readCheckpoint,
  readMetrics,
  readPredictions,
  readRunRecord,
} from '@clip-lung/run';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { dataset, small } from '../test/dataset.js';
import { TrainingStoppedError } from './errors.js';
import type { TrainingEvent } from './events.js';
import { type TrainOptions, trainRun } from './train-run.js';

const engine = onnxEngine({ threads: 1 });
const data = dataset();

/** 3 epochs of 2 steps. */
const experimentOf = (training: NonNullable<(typeof small)['training']> = {}) =>
  resolveExperiment({ ...small, training: { ...small.training, ...training } });

let folder = '';
const options = (
  name: string,
  more: Partial<TrainOptions> = {},
): TrainOptions => ({
  experiment: experimentOf(),
  dataset: data,
  out: join(folder, name),
  folds: [0],
  engine,
  tower: null,
  software: {},
  ...more,
});

/** What a fold came to, but for the time that it took. */
async function resultOf(name: string, fold = 0): Promise<unknown> {
  const paths = foldPaths(join(folder, name), fold);
  const { epochs } = await readMetrics(paths.metrics);
  return {
    epochs: epochs.map((epoch) => ({ ...epoch, secondsPerEpoch: 0 })),
    predictions: await readFile(paths.predictions, 'utf8'),
    last: await readFile(paths.last.tensors, 'base64'),
    best: await readFile(paths.best.tensors, 'base64'),
  };
}

/** Trains until as many steps are done as said. */
async function trainUntil(given: TrainOptions, step: number): Promise<unknown> {
  const stop = new AbortController();
  return trainRun({
    ...given,
    signal: stop.signal,
    onEvent: (event) => {
      if (event.kind === 'step' && event.step === step) stop.abort();
    },
  }).catch((error: unknown) => error);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stop-and-go-on-'));
  await trainRun(options('whole'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await engine.dispose();
});

describe('a run that is asked to stop', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'ends step %d, saves, and goes on to the same bytes',
    async (step) => {
      const name = `stopped-${step}`;
      const stopped = await trainUntil(options(name), step);
      expect(stopped).toBeInstanceOf(TrainingStoppedError);
      expect(stopped).toMatchObject({
        message: `stopped in fold 0 after step ${step} (epoch ${step >> 1}), which is saved`,
      });
      const { info } = await readCheckpoint(
        foldPaths(join(folder, name), 0),
        'last',
      );
      expect([info.step, info.epoch, info.within?.steps]).toEqual([
        step,
        step >> 1,
        step % 2 === 1 ? 1 : undefined,
      ]);
      await trainRun(options(name, { resume: true }));
      expect(await resultOf(name)).toEqual(await resultOf('whole'));
    },
  );

  it('before its first step, has nothing to save', async () => {
    const given = options('early', { signal: AbortSignal.abort() });
    await expect(trainRun(given)).rejects.toThrow(
      /^stopped before its first step$/,
    );
    await trainRun(options('early', { resume: true }));
    expect(await resultOf('early')).toEqual(await resultOf('whole'));
  });

  it('again and again, a step at a time, comes to the same bytes', async () => {
    for (let step = 1; step <= 6; step++) {
      await trainUntil(options('crawling', { resume: step > 1 }), step);
    }
    await trainRun(options('crawling', { resume: true }));
    expect(await resultOf('crawling')).toEqual(await resultOf('whole'));
  });
});

describe('a run whose steps have several batches', () => {
  it('has checkpoints of whole steps, and goes on within an epoch to the same bytes', async () => {
    const experiment = resolveExperiment({
      ...small,
      optimizer: { use: 'adamw' },
      training: {
        ...{ epochs: 2, batchSize: 2, accumulate: 2, clipNorm: 0.5, ema: 0.5 },
        schedule: { use: 'one-cycle' },
      },
    });
    await trainRun(options('steps', { experiment }));
    const given = options('steps-stopped', { experiment });
    // An epoch has two steps, of four nodules each.
    expect(await trainUntil(given, 3)).toBeInstanceOf(TrainingStoppedError);
    const paths = foldPaths(given.out, 0);
    const { info, tensors } = await readCheckpoint(paths, 'last');
    expect([info.step, info.within?.steps]).toEqual([3, 1]);
    expect(info.within?.sums.nodules).toBe(4);
    expect(
      [...tensors.keys()].filter((path) => /^gradients/.test(path)),
    ).toEqual([]);
    await trainRun({ ...given, resume: true });
    expect(await resultOf('steps-stopped')).toEqual(await resultOf('steps'));
    const { epochs } = await readMetrics(paths.metrics);
    expect(epochs).toMatchObject([
      { step: 2, gradientNorm: expect.any(Number) as number },
      { step: 4, gradientNorm: expect.any(Number) as number },
    ]);
  });
});

describe('training.checkpointSteps', () => {
  const often = experimentOf({ checkpointSteps: 1 });

  it('changes nothing of what comes out', async () => {
    await trainRun(options('often', { experiment: often }));
    expect(await resultOf('often')).toEqual(await resultOf('whole'));
  });

  it('lets a run that was killed go on within an epoch, and may change when it does', async () => {
    const failing = new Error('the machine is gone');
    const given = options('killed', {
      experiment: often,
      onEvent: (event) => {
        if (event.kind === 'step' && event.step === 4) throw failing;
      },
    });
    await expect(trainRun(given)).rejects.toThrow(failing);
    const starts: TrainingEvent[] = [];
    await trainRun(
      options('killed', {
        resume: true,
        onEvent: (event) => {
          if (event.kind === 'fold-start') starts.push(event);
        },
      }),
    );
    expect(starts).toMatchObject([{ fromEpoch: 1, fromStep: 3 }]);
    expect(await resultOf('killed')).toEqual(await resultOf('whole'));
  });
});

describe('a run that is given more epochs', () => {
  const longer = experimentOf({ epochs: 5 });

  it('goes on, says what becomes of the learning rate, and tests anew', async () => {
    await trainRun(options('longer', { folds: [0, 1] }));
    const notes: string[] = [];
    const before = await resultOf('longer');
    const [result] = await trainRun(
      options('longer', {
        experiment: longer,
        resume: true,
        onEvent: (event) => {
          if (event.kind === 'note') notes.push(event.message);
        },
      }),
    );
    // base · (1 + cos(π t / T)) / 2 at t = 5, T = 6, and at t = 6, T = 10.
    expect(notes).toEqual([
      'fold 0 was to have 3 epochs, of which 3 are done, and goes on to 5. Its learning rate had come to 0.00335, and goes on at 0.0173, where it is in a run of 5; so the result is not that of 5 epochs from the start',
    ]);
    const out = join(folder, 'longer');
    const record = await readRunRecord(out);
    expect(record).toMatchObject({
      experiment: { training: { epochs: 5 } },
      extended: [{ from: 3, epochs: { 0: 3, 1: 3 } }],
    });
    const { epochs } = await readMetrics(foldPaths(out, 0).metrics);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4]);
    expect(epochs.slice(0, 3)).toMatchObject(
      (before as { epochs: object[] }).epochs.map((one) => ({
        ...one,
        secondsPerEpoch: expect.any(Number) as number,
      })),
    );
    expect(result).toMatchObject({ fold: 0, nodules: 12 });

    // The other fold is not at its end any more: its predictions are not pooled with those of a longer training.
    await expect(
      readPredictions(foldPaths(out, 1), {
        run: { experiments: [], shorter: new Map(), dataset: undefined },
      }),
    ).rejects.toThrow(/belongs to another experiment/);
    const pool = await poolPredictions(out, record);
    expect([pool.missingFolds, pool.rows.length]).toEqual([[1], 12]);
    await trainRun(
      options('longer', { experiment: longer, folds: [1], resume: true }),
    );
    expect((await poolPredictions(out, record)).missingFolds).toEqual([]);
  });

  it('is refused without being told to go on, with fewer, and with any other change', async () => {
    await expect(
      trainRun(options('whole', { experiment: longer })),
    ).rejects.toThrow(
      /training\.epochs is 5, in that file it is 3; .*--resume gives a run more epochs, and nothing else$/,
    );
    const changed: [(typeof longer)['training'], RegExp][] = [
      [{ ...longer.training, epochs: 2 }, /training\.epochs is 2, in that/],
      [{ ...longer.training, ema: 0.9 }, /training\.ema is 0\.9, in that/],
    ];
    for (const [training, message] of changed) {
      const experiment = { ...longer, training };
      await expect(
        trainRun(options('whole', { experiment, resume: true })),
      ).rejects.toThrow(message);
    }
  });
});

describe('early stopping', () => {
  it('ends a fold whose patience is over, and tests its best epoch, however often it goes on', async () => {
    // With a learning rate of next to nothing, no epoch is better than the first.
    const experiment = experimentOf({
      ...{ epochs: 50, learningRate: 1e-30, ema: 0 },
      ...{ patience: 2, best: 'kappa' },
    });
    const notes: string[] = [];
    const given = options('patient', {
      experiment,
      onEvent: (event) => {
        if (event.kind === 'note') notes.push(event.message);
      },
    });
    const [result] = await trainRun(given);
    const paths = foldPaths(given.out, 0);
    const { epochs } = await readMetrics(paths.metrics);
    const { info } = await readCheckpoint(paths, 'last');
    const best = info.best?.epoch ?? NaN;
    expect(epochs).toHaveLength(best + 3);
    expect(epochs.length).toBeLessThan(50);
    expect(result?.epoch).toBe(best);
    expect(notes).toEqual([
      `fold 0 ends after ${epochs.length} epochs: none was better than epoch ${best} for training.patience`,
    ]);
    const before = await resultOf('patient');
    await trainRun({ ...given, resume: true });
    expect(await resultOf('patient')).toEqual(before);
  });

  it('is refused where no nodules tell which epoch is better', async () => {
    for (const [field, training] of [
      ['patience', { patience: 3 }],
      ['best', { best: 'auc' }],
    ] as const) {
      const experiment = resolveExperiment({
        ...small,
        data: { ...small.data, validation: 0 },
        training: { ...small.training, ...training },
      });
      await expect(trainRun(options('none', { experiment }))).rejects.toThrow(
        new RegExp(`^training\\.${field}: is .*data\\.validation is 0`),
      );
    }
  });

  it('and balanced draws go on to the same bytes', async () => {
    const experiment = resolveExperiment({
      ...small,
      data: { ...small.data, sampling: 'balanced' },
      training: { ...small.training, best: 'macroF1', patience: 9 },
    });
    await trainRun(options('balanced', { experiment }));
    await trainUntil(options('balanced-stopped', { experiment }), 3);
    await trainRun(options('balanced-stopped', { experiment, resume: true }));
    expect(await resultOf('balanced-stopped')).toEqual(
      await resultOf('balanced'),
    );
    expect(await resultOf('balanced')).not.toEqual(await resultOf('whole'));
  });
});
