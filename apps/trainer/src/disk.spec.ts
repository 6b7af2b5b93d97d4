import { existsSync, renameSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onnxEngine } from '@clip-lung/engine';
import { resolveExperiment } from '@clip-lung/model';
import {
  foldPaths,
  MissingRunFileError,
  readCheckpoint,
  readMetrics,
} from '@clip-lung/run';
import { FileWriteError } from '@clip-lung/tensor/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { dataset, small } from '../test/dataset.js';
import { breakDisk, mendDisk } from '../test/faulty-disk.js';
import { type TrainOptions, trainRun } from './train-run.js';

/** Trains, and does something to the disk while a step runs, 0 being before the first; 3 epochs of 2 steps, each saved. */
async function trainUntil(
  name: string,
  step: number,
  disturb: () => void,
): Promise<unknown> {
  if (step === 0) disturb();
  return trainRun(
    options(name, {
      onEvent: (event) => {
        if (event.kind === 'step' && event.step === step) disturb();
      },
    }),
  ).catch((error: unknown) => error);
}

const noSpace = 'no space is left on the disk; free some, and run it again';
const readOnly =
  'the disk is mounted for reading only; make it writable, or choose another';
const wayOn = 'what was saved before is whole, and --resume goes on from there';

describe('a full disk', () => {
  // What is being written when a step has ended, and how many steps the last checkpoint has then.
  it.each<[file: string, step: number, saved: number]>([
    ['fold-0/checkpoints/last.safetensors', 3, 2],
    ['fold-0/checkpoints/last.json', 3, 3],
    ['fold-0/checkpoints/best.safetensors', 2, 1],
    ['fold-0/checkpoints/best.json', 2, 1],
    ['fold-0/metrics.jsonl', 4, 3],
    ['fold-0/checkpoints/last.safetensors', 4, 3],
    ['fold-0/predictions.json', 6, 6],
    ['fold-0/predictions.csv', 6, 6],
  ])(
    'is named by %s after step %d, and after room is made all is as if it had not been',
    async (file, step, saved) => {
      const name = `full ${file.replaceAll('/', '-')} ${step}`;
      const error = await trainUntil(name, step, () => {
        full(join(folder, name, file));
      });
      expect(error).toBeInstanceOf(FileWriteError);
      expect(error).toMatchObject({
        message: `${join(folder, name, file)}: cannot be written: ${noSpace} (ENOSPC); ${wayOn}`,
      });
      mendDisk();
      const paths = foldPaths(join(folder, name), 0);
      expect((await readCheckpoint(paths, 'last')).info.step).toBe(saved);
      const names = await readdir(join(folder, name), { recursive: true });
      expect(names.filter((one) => /tmp|lock/.test(one))).toEqual([]);
      await trainRun(options(name, { resume: true }));
      expect(await resultOf(name)).toEqual(await resultOf('whole'));
    },
  );

  it.each(['fold-0.lock', 'experiment.json'])(
    'at the start is named by %s, and leaves nothing',
    async (file) => {
      const name = `full ${file}`;
      const error = await trainUntil(name, 0, () => {
        full(join(folder, name, file));
      });
      expect(error).toBeInstanceOf(FileWriteError);
      expect(error).toMatchObject({
        message: `${join(folder, name, file)}: cannot be written: ${noSpace} (ENOSPC)`,
      });
      mendDisk();
      expect(await readdir(join(folder, name))).toEqual([]);
      await trainRun(options(name));
      expect(await resultOf(name)).toEqual(await resultOf('whole'));
    },
  );
});

describe('a disk that can only be read from', () => {
  it.each([1, 2, 5, 6])(
    'after step %d is named by the lock, and afterwards all is as if it had not been',
    async (step) => {
      const name = `read-only ${step}`;
      const lock = join(folder, name, 'fold-0.lock');
      const error = await trainUntil(name, step, () => {
        breakDisk({ path: new RegExp(`${name}/`), kind: 'read-only' });
      });
      expect(error).toBeInstanceOf(FileWriteError);
      expect(error).toMatchObject({
        message: `${lock}: cannot be written: ${readOnly} (EROFS)${step > 1 ? `; ${wayOn}` : ''}`,
      });
      mendDisk();
      // It could not be removed, and its process lives on here.
      await rm(lock);
      await trainRun(options(name, { resume: true }));
      expect(await resultOf(name)).toEqual(await resultOf('whole'));
    },
  );
});

describe('a folder that disappears during a step', () => {
  it.each<[what: string, step: number]>([
    ['', 3],
    ['', 6],
    ['fold-0', 3],
    ['fold-0', 4],
    ['fold-0', 6],
    ['fold-0/checkpoints', 3],
    ['fold-0/checkpoints/best.safetensors', 4],
    ['fold-0/checkpoints/last.safetensors', 5],
    ['fold-0/metrics.jsonl', 5],
  ])(
    '"%s", renamed after step %d, is named, and once it is back all is as if it had not been',
    async (what, step) => {
      const name = `renamed ${what.replaceAll('/', '-')} ${step}`;
      const place = join(folder, name, what);
      const aside = join(folder, `${name} aside`);
      const error = await trainUntil(name, step, () => {
        renameSync(place, aside);
      });
      expect(error).toBeInstanceOf(MissingRunFileError);
      expect(error).toMatchObject({
        message: `${place}: was removed or renamed while fold 0 was being trained; nothing more is written. Put it back, and go on with --resume`,
      });
      expect(existsSync(place)).toBe(false);
      renameSync(aside, place);
      if (what === '') await rm(join(place, 'fold-0.lock'));
      await trainRun(options(name, { resume: true }));
      expect(await resultOf(name)).toEqual(await resultOf('whole'));
    },
  );

  it('removed, is not made again', async () => {
    const error = await trainUntil('removed', 3, () => {
      rmSync(join(folder, 'removed'), { recursive: true });
    });
    expect(error).toBeInstanceOf(MissingRunFileError);
    expect(existsSync(join(folder, 'removed'))).toBe(false);
    await trainRun(options('removed'));
    expect(await resultOf('removed')).toEqual(await resultOf('whole'));
  });
});

/** Nothing fits any more into a file. */
function full(file: string): void {
  const [name = ''] = /[^/]+$/.exec(file) ?? [];
  breakDisk({
    path: new RegExp(`/\\.${name}\\.[0-9a-f]+\\.tmp$`),
    kind: 'full',
  });
}

/** What a fold came to, but for the time that it took. */
async function resultOf(name: string): Promise<unknown> {
  const paths = foldPaths(join(folder, name), 0);
  const { epochs } = await readMetrics(paths.metrics);
  return {
    epochs: epochs.map((epoch) => ({ ...epoch, secondsPerEpoch: 0 })),
    predictions: await readFile(paths.predictions, 'utf8'),
    last: await readFile(paths.last.tensors, 'base64'),
    best: await readFile(paths.best.tensors, 'base64'),
  };
}

const engine = onnxEngine({ threads: 1 });
const data = dataset();
const experiment = resolveExperiment({
  ...small,
  training: { ...small.training, checkpointSteps: 1 },
});

let folder = '';
const options = (
  name: string,
  more: Partial<TrainOptions> = {},
): TrainOptions => ({
  ...{ experiment, dataset: data, out: join(folder, name), folds: [0], engine },
  ...{ tower: null, software: {} },
  ...more,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'disk-'));
  await trainRun(options('whole'));
});
afterEach(mendDisk);
afterAll(async () => {
  await rm(folder, { recursive: true });
  await engine.dispose();
});
