import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { foldPaths, readMetrics } from '@clip-lung/run';
import { scalarsByStep } from '@clip-lung/tensorboard';
import { eventFiles, readEventFolder } from '@clip-lung/tensorboard/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { begin, test, train } from '../../test/make-run.js';
import { exportTensorBoard, followInTensorBoard } from '../index.js';

let run = '';
beforeEach(async () => {
  run = join(await mkdtemp(join(tmpdir(), 'tracking-')), 'mine');
});
afterEach(() => rm(join(run, '..'), { recursive: true }));

describe('exportTensorBoard', () => {
  it('writes every number of metrics.jsonl, in 32 bits, and the test', async () => {
    await begin(run);
    await train(run, 0, [0, 1, 2]);
    await train(run, 1, [0]);
    await test(run, 0);
    const { files, scalars } = await exportTensorBoard(run);
    expect(files).toHaveLength(2);
    expect(scalars).toBe(4 * 10 + 1);
    await expectLog(0, { 'test/accuracy': 2 / 3 });
    await expectLog(1);
    expect([...(await scalarsIn(0)).keys()]).toEqual([0, 1, 2]);
  });

  it('tells what is run, without the folders in which it lies', async () => {
    await begin(run);
    await train(run, 0, [0]);
    await test(run, 0);
    await exportTensorBoard(run);
    const values = (await readEventFolder(foldPaths(run, 0).folder)).flatMap(
      (event) => (event.kind === 'summary' ? event.values : []),
    );
    expect(values.find(({ kind }) => kind === 'hparams-start')).toMatchObject({
      hyperparameters: {
        'image.use': 'resnet18',
        'image.width': 64,
        'text.use': 'clip',
        'text.model': 'clip-vit-b-16',
        'losses.0.use': 'cross-entropy',
        'losses.0.weight': 1,
        'losses.1.use': 'image-class',
        'losses.1.weight': 0.5,
        augmentation: '[]',
        'training.epochs': 3,
        'training.learningRate': 1e-3,
        'training.nesterov': false,
        'training.warmup': 'null',
      },
      group: expect.stringMatching(/^mine [0-9a-f]{8}$/) as unknown,
    });
    expect(values.find(({ kind }) => kind === 'hparams-end')).toMatchObject({
      status: 'success',
    });
    const text = values.find(({ kind }) => kind === 'text');
    expect(text).toMatchObject({ tag: 'run' });
    expect(JSON.stringify(text)).toContain(
      '| dataset | lidc \\\\(phantom\\\\) |',
    );
    for (const file of await eventFiles(foldPaths(run, 0).folder)) {
      expect(await readFile(file, 'latin1')).not.toContain('ada');
    }
  });

  it('writes nothing twice, and what has come since', async () => {
    await begin(run);
    await train(run, 0, [0]);
    await exportTensorBoard(run);
    expect(await exportTensorBoard(run)).toEqual({ files: [], scalars: 0 });
    await train(run, 0, [1]);
    expect(await exportTensorBoard(run)).toMatchObject({ scalars: 10 });
    await test(run, 0);
    await exportTensorBoard(run);
    await expectLog(0, { 'test/accuracy': 2 / 3 });
    expect(await exportTensorBoard(run)).toEqual({ files: [], scalars: 0 });
  });

  it('writes anew from the first epoch that is another', async () => {
    await begin(run);
    await train(run, 0, [0, 1, 2]);
    await exportTensorBoard(run);
    await train(run, 0, [1], 0.5);
    expect(await exportTensorBoard(run)).toMatchObject({ scalars: 10 });
    await expectLog(0);
    expect([...(await scalarsIn(0)).keys()]).toEqual([0, 1]);
  });

  it('writes into another folder where it is asked to', async () => {
    await begin(run);
    await train(run, 1, [0]);
    const to = join(run, '..', 'elsewhere');
    const { files } = await exportTensorBoard(run, { to });
    expect(files.map((file) => file.startsWith(join(to, 'fold-1')))).toEqual([
      true,
    ]);
    expect(await eventFiles(foldPaths(run, 1).folder)).toEqual([]);
  });

  it('leaves out the test of a fold that is to go on, since its run was given more epochs', async () => {
    const longer = {
      experiment: { training: { epochs: 9 } },
      extended: [{ from: 3, epochs: { 0: 1 } }],
    };
    await begin(run, longer);
    await train(run, 0, [0]);
    await test(run, 0, { training: { epochs: 3 } });
    await exportTensorBoard(run);
    await expectLog(0);
    await test(run, 0, longer.experiment);
    await exportTensorBoard(run);
    await expectLog(0, { 'test/accuracy': 2 / 3 });
  });

  it('refuses what is no run, and a log that is damaged', async () => {
    await expect(exportTensorBoard(run)).rejects.toThrow(/not a run folder/);
    await begin(run);
    await train(run, 0, [0]);
    await writeFile(foldPaths(run, 0).metrics, 'damaged\n');
    await expect(exportTensorBoard(run)).rejects.toThrow(
      /metrics\.jsonl:1: is not JSON/,
    );
  });
});

describe('followInTensorBoard', () => {
  it('has each epoch as soon as it is logged, and goes on after a kill in another file', async () => {
    await begin(run);
    const killed = follow();
    await killed.say('fold-start', 0);
    expect(await readEventFolder(folder())).toHaveLength(2);
    for (const epoch of [0, 1, 2]) {
      await train(run, 0, [epoch]);
      await killed.say('epoch');
      await expectLog(0);
    }
    // Killed while it wrote epoch 2; the last checkpoint is of epoch 1.
    const [first = ''] = await eventFiles(folder());
    const whole = await readFile(first);
    await writeFile(first, whole.subarray(0, -5));

    const next = follow();
    await next.say('fold-start', 2);
    await train(run, 0, [2], 0.5);
    await next.say('epoch');
    await test(run, 0);
    await next.say('fold-end');
    await next.close();
    await killed.close();
    await expectLog(0, { 'test/accuracy': 2 / 3 });
    expect(await eventFiles(folder())).toHaveLength(2);
    expect(await readFile(first)).toEqual(whole.subarray(0, -5));
    expect(await exportTensorBoard(run)).toEqual({ files: [], scalars: 0 });
  });

  it('has what was trained without it', async () => {
    await begin(run);
    await train(run, 0, [0, 1]);
    const later = follow();
    await later.say('fold-start', 2);
    await expectLog(0);
    await later.close();
  });

  it('voids all of a fold that begins anew', async () => {
    await begin(run);
    await train(run, 0, [0, 1]);
    await exportTensorBoard(run);
    await rm(foldPaths(run, 0).metrics);
    const anew = follow();
    await anew.say('fold-start', 0);
    expect(await scalarsIn(0)).toEqual(new Map());
    await train(run, 0, [0], 0.25);
    await anew.say('epoch');
    await anew.close();
    await expectLog(0);
  });

  it('lets the training go on where it cannot write, and says so once', async () => {
    await begin(run);
    await writeFile(foldPaths(run, 0).folder, 'in the way');
    const notes: string[] = [];
    const { onEvent, close } = followInTensorBoard(run, {
      onNote: (note) => notes.push(note),
    });
    onEvent({ kind: 'fold-start', fold: 0, fromEpoch: 0 });
    onEvent({ kind: 'epoch', fold: 0 });
    await close();
    expect(notes).toEqual([
      expect.stringMatching(
        /^fold 0 goes on without TensorBoard: .*fold-0.*; `clip-lung export-tensorboard` writes what is missing$/,
      ),
    ]);
  });
});

const folder = (): string => foldPaths(run, 0).folder;

/** A follower that is waited for after each event. */
function follow(): {
  readonly say: (
    kind: 'fold-start' | 'epoch' | 'fold-end',
    fromEpoch?: number,
  ) => Promise<void>;
  readonly close: () => Promise<void>;
} {
  const follower = followInTensorBoard(run, {
    onNote: (note) => {
      throw new Error(note);
    },
  });
  return {
    say: async (kind, fromEpoch = 0) => {
      follower.onEvent(
        kind === 'fold-start'
          ? { kind, fold: 0, fromEpoch }
          : { kind, fold: 0 },
      );
      await follower.settled();
    },
    close: follower.close,
  };
}

async function scalarsIn(
  fold: number,
): Promise<ReadonlyMap<number, ReadonlyMap<string, number>>> {
  return scalarsByStep(await readEventFolder(foldPaths(run, fold).folder));
}

/** Scalars that are there twice, and no restart in between: TensorBoard shows both. */
async function twice(fold: number): Promise<readonly string[]> {
  let seen: (readonly [step: number, tag: string])[] = [];
  const found: string[] = [];
  for (const event of await readEventFolder(foldPaths(run, fold).folder)) {
    const { step } = event;
    if (event.kind === 'restart') seen = seen.filter(([own]) => own < step);
    if (event.kind !== 'summary') continue;
    for (const value of event.values) {
      if (value.kind !== 'scalar') continue;
      const { tag } = value;
      if (seen.some(([at, name]) => at === step && name === tag)) {
        found.push(`${tag} at ${step}`);
      }
      seen.push([step, tag]);
    }
  }
  return found;
}

/** Holds a fold's events against its log. @param tested what stands at the last epoch beside it */
async function expectLog(
  fold: number,
  tested: Readonly<Record<string, number>> = {},
): Promise<void> {
  const { epochs } = await readMetrics(foldPaths(run, fold).metrics);
  expect(await twice(fold)).toEqual([]);
  const found = [...(await scalarsIn(fold))].map(([step, scalars]) => [
    step,
    Object.fromEntries(scalars),
  ]);
  expect(found).toEqual(
    epochs.map((line, index) => [
      line.epoch,
      in32Bits({
        step: line.step,
        learningRate: line.learningRate,
        loss: line.loss,
        'terms/cross-entropy': line.terms['cross-entropy'],
        'terms/image-class': line.terms['image-class'],
        trainAccuracy: line.trainAccuracy,
        'validation/accuracy': line.validation?.accuracy,
        'validation/loss': line.validation?.loss,
        secondsPerEpoch: line.secondsPerEpoch,
        gradientNorm: line['gradientNorm'],
        ...(index === epochs.length - 1 ? tested : {}),
      }),
    ]),
  );
}

function in32Bits(
  numbers: Readonly<Record<string, unknown>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [
      name,
      Math.fround(Number(value)),
    ]),
  );
}
