import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Dataset } from '@clip-lung/data';
import { onnxEngine } from '@clip-lung/engine';
import {
  asRecorded,
  type Experiment,
  ExperimentError,
  resolveExperiment,
} from '@clip-lung/model';
import {
  type CheckpointInfo,
  experimentDigest,
  foldPaths,
  readCheckpoint,
  readMetrics,
  readPredictions,
  readRunRecord,
  TensorMismatchError,
  writeCheckpoint,
} from '@clip-lung/run';

import { NdArray } from '@clip-lung/tensor';
import { writeSafetensors } from '@clip-lung/tensor/node';
import { randomTower } from '@clip-lung/text-encoder';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { dataset, small } from '../test/dataset.js';
import { batchesHere } from './batch-source.js';
import { batchThread } from './batch-thread.js';
import { TrainingError } from './errors.js';
import type { TrainingEvent } from './events.js';
import { type TrainOptions, trainRun } from './train-run.js';

const engine = onnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-'));
});
afterEach(() => rm(folder, { recursive: true }));

const data = dataset();
function options(name: string, more: Partial<TrainOptions> = {}): TrainOptions {
  return {
    experiment: resolveExperiment(small),
    dataset: data,
    out: join(folder, name),
    engine,
    tower: null,
    software: {},
    ...more,
  };
}

/** A run as version 1 of its files was: without digests, and without fields that came later. */
async function asOfBefore(out: string): Promise<void> {
  const record = await readRunRecord(out);
  const { data, training, ...rest } = record.experiment as Readonly<
    Record<string, Readonly<Record<string, unknown>>>
  >;
  const without = (
    fields: Readonly<Record<string, unknown>> | undefined,
    ...later: readonly string[]
  ): object =>
    Object.fromEntries(
      Object.entries(fields ?? {}).filter(([name]) => !later.includes(name)),
    );
  const experiment = {
    ...rest,
    data: without(data, 'validationBy'),
    training: without(training, 'schedule', 'accumulate', 'clipNorm'),
  };
  await writeFile(
    join(out, 'experiment.json'),
    JSON.stringify({ ...record, formatVersion: 1, experiment }),
  );
  const paths = foldPaths(out, 0);
  await rm(paths.predictionsInfo, { force: true });
  for (const name of ['last', 'best'] as const) {
    const { tensors, info } = await readCheckpoint(paths, name);
    const { epoch, step, best } = info;
    const old = { formatVersion: 1, epoch, step, best };
    await writeSafetensors(paths[name].tensors, tensors, {
      'clip-lung.checkpoint': JSON.stringify({
        ...old,
        experimentDigest: experimentDigest(experiment),
      }),
    });
  }
}

/** The same nodules, as a source without ratings and with a split of its own gives them. */
function unrated(): Dataset {
  const { manifest, nodules, ...rest } = dataset();
  return {
    ...rest,
    manifest: {
      ...manifest,
      source: { name: 'nodulemnist3d' },
      classes: { names: ['benign', 'malignant'], ordered: true },
      attributes: [],
      split: { kind: 'own' },
    },
    nodules: nodules.map((nodule, i) => ({
      ...nodule,
      label: i % 3 === 0 ? 'benign' : 'malignant',
      malignancy: null,
      malignancyRatings: [],
      ratings: null,
      part: i < 6 ? 'test' : i < 12 ? 'validation' : 'train',
      fold: i < 6 ? 0 : 1,
    })),
  };
}

describe('a dataset without ratings', () => {
  it('refuses a loss on attributes by its place', async () => {
    const experiment = resolveExperiment({
      ...small,
      data: { subset: 'C' },
      text: { use: 'random' },
      losses: [{ use: 'cross-entropy' }, { use: 'image-attribute', weight: 1 }],
    });
    const given = options('run', { experiment, dataset: unrated() });
    await expect(trainRun(given)).rejects.toThrow(ExperimentError);
    await expect(trainRun(given)).rejects.toThrow(
      /losses\[1\].*"image-attribute" needs the readers' ratings/,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('trains the rest on the split that the source has', async () => {
    const experiment = resolveExperiment({
      ...small,
      data: { ...small.data, subset: 'C' },
    });
    const given = options('run', { experiment, dataset: unrated() });
    await trainRun(given);
    expect((await readRunRecord(given.out)).classes).toEqual([
      'benign',
      'malignant',
    ]);
    const { rows } = await readPredictions(foldPaths(given.out, 0));
    expect(rows.map(({ nodule }) => nodule)).toEqual(
      Array.from({ length: 6 }, (_, i) => `n${i}`),
    );
  });
});

describe('a run', () => {
  it('leaves a record, a log, checkpoints and predictions for every fold', async () => {
    const events: TrainingEvent[] = [];
    const given = options('run', { onEvent: (event) => events.push(event) });
    await trainRun(given);
    const record = await readRunRecord(given.out);
    expect(record).toMatchObject({
      text: 'none',
      classes: ['benign', 'unsure', 'malignant'],
      data: { collection: 'phantom', nodules: 24 },
    });
    for (const fold of [0, 1]) {
      const paths = foldPaths(given.out, fold);
      const { epochs } = await readMetrics(paths.metrics);
      expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
      const { rows } = await readPredictions(paths);
      expect(rows.map(({ nodule }) => nodule)).toEqual(
        data.nodules
          .filter((nodule) => nodule.fold === fold)
          .map(({ id }) => id),
      );
      const best = await readCheckpoint(paths, 'best');
      expect(best.info.best?.epoch).toBe(best.info.epoch - 1);
      expect((await readCheckpoint(paths, 'last')).info.epoch).toBe(3);
      expect([...best.tensors.keys()]).toContain(
        'params.image.layer1.0.conv1.weight',
      );
    }
    expect(events.filter(({ kind }) => kind === 'fold-end')).toHaveLength(2);
    const starts = events.filter((event) => event.kind === 'fold-start');
    expect(starts).toHaveLength(2);
    for (const start of starts) {
      // Each of the 3 epochs' steps halves it, by the experiment's average.
      expect(start).toMatchObject({
        startInAverage: 0.5 ** (3 * start.stepsPerEpoch),
      });
    }
    expect((await readdir(given.out)).sort()).toEqual([
      'experiment.json',
      'fold-0',
      'fold-1',
    ]);
  });

  // The whole run makes its batches itself. The others have a thread for it, where the package is built.
  it('that is stopped anywhere goes on to the same bytes, whoever makes its batches', async () => {
    const experiment = resolveExperiment({
      ...small,
      data: { ...small.data, targets: 'votes' },
      augment: [
        { use: 'flip' },
        { use: 'quarter-turn', planes: 'all' },
        { use: 'shift', voxels: 1 },
        { use: 'intensity' },
        { use: 'mixup' },
      ],
    });
    const same = { experiment, dataset: dataset(34), folds: [0] };
    const worker = new URL('../dist/batch-worker.js', import.meta.url);
    const batches = existsSync(fileURLToPath(worker))
      ? batchThread(worker)
      : batchesHere;
    const whole = options('whole', { ...same, batches: batchesHere });
    await trainRun(whole);
    for (const stopAt of [1, 3, 5]) {
      const stop = new AbortController();
      const part = options(`part-${stopAt}`, {
        ...same,
        batches,
        signal: stop.signal,
        onEvent: (event) => {
          if (event.kind === 'step' && event.step === stopAt)
            stop.abort(new Error('stopped'));
        },
      });
      await expect(trainRun(part)).rejects.toThrow('stopped');
      await trainRun(
        options(`part-${stopAt}`, { ...same, batches, resume: true }),
      );
      for (const file of [
        'predictions.csv',
        'checkpoints/last.safetensors',
        'checkpoints/best.safetensors',
      ]) {
        const [a, b] = await Promise.all(
          [whole.out, part.out].map((out) =>
            readFile(join(out, 'fold-0', file)),
          ),
        );
        expect(
          b?.equals(a ?? Buffer.of()),
          `${file}, stopped at ${stopAt}`,
        ).toBe(true);
      }
    }
  });

  it('learns what there is to learn, with text as well', async () => {
    const text = {
      ...small,
      image: { use: 'resnet18', width: 4, groups: 2 } as const,
      text: { use: 'random' } as const,
    };
    const experiment = resolveExperiment({
      ...text,
      losses: undefined,
      prompt: {
        use: 'channel-conditional',
        attributeTemplate: 'the nodule is {attribute}.',
      },
      training: { ...small.training, epochs: 25 },
    });
    const given = options('text', {
      experiment,
      tower: randomTower({ seed: 1 }),
      folds: [0],
    });
    await trainRun(given);
    const { epochs } = await readMetrics(foldPaths(given.out, 0).metrics);
    expect(epochs[24]?.loss).toBeLessThan((epochs[0]?.loss ?? 0) * 0.8);
    expect(Object.keys(epochs[0]?.terms ?? {})).toEqual([
      'cross-entropy',
      'image-class',
      'image-attribute',
      'class-attribute',
    ]);
    const { rows } = await readPredictions(foldPaths(given.out, 0));
    const right = rows.filter(
      ({ label, prediction }) => label === prediction,
    ).length;
    // The brightness tells the class; by chance, 9 of 12 are right once in 2,500.
    expect(right).toBeGreaterThanOrEqual(9);
    expect((await readRunRecord(given.out)).text).toBe('random');
  });
});

describe('a run is refused', () => {
  const refused = async (
    more: Partial<Experiment>,
    given: Dataset,
  ): Promise<unknown> => {
    const experiment = resolveExperiment({ ...small, ...more });
    const found = trainRun(options('run', { experiment, dataset: given }));
    const error: unknown = await found.catch((failure: unknown) => failure);
    expect(await readdir(folder)).toEqual([]);
    return error;
  };

  it('for votes where no reader rated malignancy', async () => {
    const votes = { data: { ...small.data, subset: 'C', targets: 'votes' } };
    expect(await refused(votes as Partial<Experiment>, unrated())).toEqual(
      new ExperimentError(
        'data.targets',
        `is "votes", and the dataset dataset (phantom) has no readers' ratings to count; use "label"`,
      ),
    );
  });

  it('for shifts beyond the margin of the crops', async () => {
    const augment = [{ use: 'flip' }, { use: 'shift', voxels: 2 }] as const;
    expect(await refused({ augment }, data)).toEqual(
      new ExperimentError(
        'augment[1].voxels',
        'is 2, and the crops of the dataset dataset have a margin of 0 voxels; prepare it again with --margin 1.125 or more, or leave out what shifts them',
      ),
    );
    const { crops } = data;
    expect(await refused({ augment }, { ...dataset(36), crops })).toEqual(
      new ExperimentError(
        'augment[1].voxels',
        'is 2, and the crops of dataset were read without their margin of 2; read the dataset with its margin',
      ),
    );
  });

  it('for a mixup of no α, by the place of the field', () => {
    expect(() =>
      resolveExperiment({ ...small, augment: [{ use: 'mixup', alpha: 0 }] }),
    ).toThrow(/^augment\[0\]\.alpha: /);
  });

  it('in a folder that holds something else', async () => {
    await writeFile(join(folder, 'letter.txt'), 'dear');
    await expect(trainRun(options('.'))).rejects.toThrow(
      /is not empty, and not a run folder/,
    );
    for (const file of ['letter.txt', 'letter.txt/run']) {
      await expect(trainRun(options(file))).rejects.toThrow(
        /letter\.txt.*: is a file, or is inside one; expected a folder/,
      );
    }
    expect(await readdir(folder)).toEqual(['letter.txt']);
  });

  it('when its fold was begun, unless it is to go on, and with another experiment', async () => {
    await trainRun(options('run', { folds: [0] }));
    await expect(trainRun(options('run', { folds: [0] }))).rejects.toThrow(
      /fold 0 has already been begun; give --resume/,
    );
    const other = resolveExperiment({
      ...small,
      training: { ...small.training, epochs: 2 },
    });
    await expect(
      trainRun(options('run', { experiment: other, resume: true })),
    ).rejects.toThrow(
      /holds a different experiment: training\.epochs is 2, in that file it is 3;/,
    );
    await trainRun(options('run', { folds: [1] }));
  });

  it('when it was begun before there was a choice of validation nodules, unless it goes on with those it had', async () => {
    const earlier = resolveExperiment({
      ...small,
      data: { ...small.data, validationBy: 'nodules' },
    });
    await trainRun(options('whole', { experiment: earlier, folds: [0] }));
    const stop = new AbortController();
    await expect(
      trainRun(
        options('run', {
          experiment: earlier,
          folds: [0],
          signal: stop.signal,
          onEvent: ({ kind }) => {
            if (kind === 'epoch') stop.abort(new Error('stopped'));
          },
        }),
      ),
    ).rejects.toThrow('stopped');
    const run = options('run');
    await asOfBefore(run.out);
    await expect(
      trainRun({ ...run, folds: [0], resume: true }),
    ).rejects.toThrow(
      /data\.validationBy is "patients", in that file it is "nodules"; choose another folder, or give that file as the experiment/,
    );
    const { experiment } = await readRunRecord(run.out);
    const notes: string[] = [];
    await trainRun({
      ...run,
      experiment: resolveExperiment(asRecorded(experiment)),
      folds: [0],
      resume: true,
      onEvent: (event) => {
        if (event.kind === 'note') notes.push(event.message);
      },
    });
    expect(notes).toEqual([
      `${foldPaths(run.out, 0).last.tensors}: has no digest, like all checkpoints of earlier versions: nothing shows whether it has changed since it was written, or belongs to this fold`,
    ]);
    const [a, b] = await Promise.all(
      ['whole', 'run'].map((name) =>
        readFile(foldPaths(join(folder, name), 0).predictions),
      ),
    );
    expect(a?.equals(b ?? Buffer.of())).toBe(true);
  });

  it('in words that say what to do when its numbers are no longer finite, in a step or in validation', async () => {
    const experiment = (learningRate: number) =>
      resolveExperiment({
        ...small,
        training: { ...small.training, learningRate },
      });
    // The first step's loss is of the start; its update is beyond what float32 holds, and validation sees that first.
    const at = { folds: [0], experiment: experiment(1e30) };
    const oneStep = {
      ...at.experiment,
      training: { ...at.experiment.training, batchSize: 8 },
    };
    await expect(
      trainRun(options('validation', { ...at, experiment: oneStep })),
    ).rejects.toThrow(
      /^the probabilities of the validation nodule n\d+ are NaN, NaN, NaN, so the loss is NaN at step 1 \(fold 0, epoch 0\); nothing of that step is saved\. Lower training\.learningRate$/,
    );
    await expect(trainRun(options('step', at))).rejects.toThrow(
      /^the loss "cross-entropy" is NaN at step 1 \(fold 0, epoch 0\); nothing of that step is saved\. Lower training\.learningRate$/,
    );
  });

  // A nodule that fold 0 was trained on would be tested in fold 1, or in fold 0 itself.
  it.each<[string, (own: Dataset) => Dataset]>([
    [
      'folds',
      ({ nodules, ...rest }) => ({
        ...rest,
        nodules: nodules.map((nodule) => ({
          ...nodule,
          fold: 1 - nodule.fold,
        })),
      }),
    ],
    [
      'labels',
      ({ nodules, ...rest }) => ({
        ...rest,
        nodules: nodules.map((nodule, i) =>
          i === 23 ? { ...nodule, label: 'benign' } : nodule,
        ),
      }),
    ],
    [
      'crops',
      ({ crops, ...rest }) => ({
        ...rest,
        crops: new NdArray(
          'int16',
          crops.shape,
          crops.data.map((hu) => hu + 1),
        ),
      }),
    ],
  ])('with another dataset, whose %s differ', async (_, change) => {
    await trainRun(options('run', { folds: [0] }));
    const other = change(data);
    for (const more of [{ folds: [0], resume: true }, { folds: [1] }]) {
      await expect(
        trainRun(options('run', { ...more, dataset: other })),
      ).rejects.toThrow(
        /the run began with a different dataset \(dataset, now /,
      );
    }
    await trainRun(
      options('run', { folds: [1], dataset: { ...data, folder: 'elsewhere' } }),
    );
  });

  it('with another text tower', async () => {
    const experiment = resolveExperiment({
      ...small,
      text: { use: 'random', width: 16, layers: 1 },
      losses: [{ use: 'cross-entropy' }, { use: 'image-class' }],
    });
    const tower = randomTower({ seed: 1, width: 16, layers: 1, embedding: 64 });
    const given = { experiment, tower, folds: [0] };
    await trainRun(options('run', given));
    for (const other of [
      randomTower({ seed: 2, width: 16, layers: 1, embedding: 64 }),
      { ...tower, sha256: 'a'.repeat(64) },
    ]) {
      await expect(
        trainRun(options('run', { ...given, tower: other, resume: true })),
      ).rejects.toThrow(/the run began with a different text tower \(random /);
    }
  });

  it('with a checkpoint of another shape, by the names that differ', async () => {
    await trainRun(options('run', { folds: [0] }));
    const paths = foldPaths(join(folder, 'run'), 0);
    const { tensors, info } = await readCheckpoint(paths, 'last');
    const changed = [...tensors].map(([name, array]) =>
      name === 'params.head.fc.bias'
        ? ([name, new NdArray('float32', [2], Float32Array.of(1, 2))] as const)
        : ([name, array] as const),
    );
    await writeCheckpoint(paths, 'last', changed, info as CheckpointInfo);
    const resumed = trainRun(options('run', { folds: [0], resume: true }));
    await expect(resumed).rejects.toThrow(TensorMismatchError);
    await expect(resumed).rejects.toThrow(
      /≠ params\.head\.fc\.bias \[2\], expected \[3\]/,
    );
  });

  it('with a damaged checkpoint, until it is removed', async () => {
    await trainRun(options('run', { folds: [0] }));
    const paths = foldPaths(join(folder, 'run'), 0);
    const predicted = await readFile(paths.predictions);
    for (const { tensors } of [paths.last, paths.best]) {
      const whole = await readFile(tensors);
      await writeFile(tensors, whole.subarray(0, 1000));
      await expect(
        trainRun(options('run', { folds: [0], resume: true })),
      ).rejects.toThrow(
        `remove ${paths.checkpoints} to train fold 0 from its start`,
      );
      await writeFile(tensors, whole);
    }
    await rm(paths.checkpoints, { recursive: true });
    await trainRun(options('run', { folds: [0], resume: true }));
    expect(await readFile(paths.predictions)).toEqual(predicted);
  });

  it('with folds that the dataset does not have', async () => {
    await expect(trainRun(options('run', { folds: [2] }))).rejects.toThrow(
      /no fold 2; the dataset has the folds 0 to 1/,
    );
    const five = resolveExperiment({ ...small, data: { folds: 5 } });
    await expect(
      trainRun(options('run', { experiment: five })),
    ).rejects.toThrow(ExperimentError);
    expect(await readdir(folder)).toEqual([]);
  });

  it('with a later fold that cannot be trained, before an earlier one is', async () => {
    const three = resolveExperiment({
      ...small,
      data: { ...small.data, folds: 3 },
    });
    const { manifest, ...rest } = data;
    const sparse: Dataset = {
      ...rest,
      manifest: { ...manifest, split: { kind: 'made', folds: 3, seed: 1 } },
    };
    await expect(
      trainRun(options('run', { experiment: three, dataset: sparse })),
    ).rejects.toThrow(/^fold 2 of subset A has no nodules to test on/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('with a schedule that does not fit its epochs, before anything is written', async () => {
    const experiment = resolveExperiment({
      ...small,
      training: { ...small.training, schedule: { use: 'step', warmup: 3 } },
    });
    await expect(trainRun(options('run', { experiment }))).rejects.toThrow(
      "training.schedule.warmup: is 3 of the training's 3 epochs, expected fewer than all",
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('with fewer nodules than a batch, and when the loss is lost', async () => {
    const large = resolveExperiment({
      ...small,
      training: { ...small.training, batchSize: 64 },
    });
    await expect(trainRun(options('a', { experiment: large }))).rejects.toThrow(
      /fewer than one batch of 64/,
    );
    const long = resolveExperiment({
      ...small,
      training: { ...small.training, accumulate: 9 },
    });
    await expect(trainRun(options('a', { experiment: long }))).rejects.toThrow(
      /fewer than the 9 batches of 4 that make a step; lower training\.accumulate, or training\.batchSize$/,
    );
    expect(await readdir(folder)).toEqual([]);
    const wild = resolveExperiment({
      ...small,
      training: { ...small.training, learningRate: 1e30 },
    });
    const failed = trainRun(options('b', { experiment: wild, folds: [0] }));
    await expect(failed).rejects.toThrow(TrainingError);
    await expect(failed).rejects.toThrow(
      /^the loss "cross-entropy" is NaN at step 1 .*; nothing of that step is saved\. Lower training\.learningRate$/,
    );
  });
});
