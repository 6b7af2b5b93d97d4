import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { damagesOf } from '../test/damages.js';
import {
  appendMetrics,
  expectMetrics,
  type EpochMetrics,
  MissingRunFileError,
  NotJsonError,
  readMetrics,
  RunFileError,
} from './index.js';
import { readProgress } from './logged-progress.js';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-run-'));
  file = join(folder, 'fold-0', 'metrics.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

function metricsOf(epoch: number, loss = 1): EpochMetrics {
  return {
    epoch,
    step: 10 * (epoch + 1),
    learningRate: 1e-3,
    loss,
    terms: { 'cross-entropy': 0.5, 'image-class': loss - 0.5 },
    trainAccuracy: 0.5,
    validation: { accuracy: 0.25, loss: 2 },
    secondsPerEpoch: 1.5,
  };
}

describe('metrics.jsonl', () => {
  it('reads back what was appended, further fields included', async () => {
    const last = { ...metricsOf(1), validation: null, gradientNorm: 3 };
    await appendMetrics(file, metricsOf(0));
    await appendMetrics(file, last);
    expect(await readMetrics(file)).toEqual({
      epochs: [metricsOf(0), last],
      warnings: [],
    });
    expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(3);
  });

  it('drops a cut-off last line with a warning, and the next epoch takes its place', async () => {
    await appendMetrics(file, metricsOf(0));
    await appendFile(file, '{"epoch":1,"st');
    expect(await readMetrics(file)).toEqual({
      epochs: [metricsOf(0)],
      warnings: [
        `${file}:2: the last line is cut off after 14 characters and is left out`,
      ],
    });
    await appendMetrics(file, metricsOf(1));
    expect(await readMetrics(file)).toEqual({
      epochs: [metricsOf(0), metricsOf(1)],
      warnings: [],
    });
  });

  it('lets a resumed run replace the epochs that it trains again', async () => {
    for (const epoch of [0, 1, 2]) await appendMetrics(file, metricsOf(epoch));
    await appendMetrics(file, metricsOf(1, 7));
    expect((await readMetrics(file)).epochs).toEqual([
      metricsOf(0),
      metricsOf(1, 7),
    ]);
  });

  it.each([
    ['{"epoch":', /:2: is not JSON/],
    ['', /:2: is not JSON/],
    [
      JSON.stringify({ ...metricsOf(1), loss: null }),
      /:2: "loss" is null: expected number/,
    ],
    [
      JSON.stringify({ ...metricsOf(1), trainAccuracy: 61 }),
      /:2: "trainAccuracy" is 61/,
    ],
    [
      JSON.stringify(metricsOf(0)),
      /:2: "epoch" is 0 after 0, expected one that is later/,
    ],
  ])('refuses the line %s before the last', async (line, message) => {
    await appendMetrics(file, metricsOf(0));
    await appendFile(file, `${line}\n${JSON.stringify(metricsOf(2))}\n`);
    await expect(readMetrics(file)).rejects.toThrow(RunFileError);
    await expect(readMetrics(file)).rejects.toThrow(message);
    const before = await readFile(file, 'utf8');
    await expect(appendMetrics(file, metricsOf(3))).rejects.toThrow(message);
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('is refused at any flipped bit, and where lines of a checkpoint are missing', async () => {
    await appendMetrics(file, metricsOf(0));
    const metrics = await appendMetrics(file, metricsOf(1));
    const at = { epoch: 2, metrics };
    await expectMetrics(file, at);
    const whole = await readFile(file);
    for (const damaged of damagesOf(whole, 200)) {
      await writeFile(file, damaged);
      await expect(expectMetrics(file, at)).rejects.toThrow(RunFileError);
    }
    // Of the epoch after the checkpoint, which is trained again, the checkpoint knows nothing.
    await writeFile(file, whole);
    await appendMetrics(file, metricsOf(2));
    await expectMetrics(file, at);
  });

  it('has a digest that does not tell how long an epoch took', async () => {
    const digests = [];
    for (const secondsPerEpoch of [1, 2]) {
      digests.push(
        await appendMetrics(file, { ...metricsOf(0), secondsPerEpoch }),
      );
    }
    digests.push(await appendMetrics(file, metricsOf(0, 2)));
    expect(new Set(digests).size).toBe(2);
  });

  it('refuses a loss that is not finite instead of writing null', async () => {
    await expect(appendMetrics(file, metricsOf(0, NaN))).rejects.toThrow(
      NotJsonError,
    );
    await expect(readMetrics(file)).rejects.toThrow(MissingRunFileError);
  });

  it('is empty, not missing, when a run was killed before its first line was whole', async () => {
    await appendMetrics(file, metricsOf(0));
    await writeFile(file, '{');
    expect((await readMetrics(file)).epochs).toEqual([]);
  });
});

describe('readProgress', () => {
  it('has the epochs and the best validation of the log that readMetrics reads', async () => {
    const accuracies = [0.25, 0.75, 0.5];
    for (const [epoch, accuracy] of accuracies.entries()) {
      const validation = { accuracy, loss: 1 };
      await appendMetrics(file, { ...metricsOf(epoch), validation });
    }
    expect(await readProgress(file)).toEqual({ epochs: 3, validation: 0.75 });
  });

  it('has no best validation where nothing is held out', async () => {
    await appendMetrics(file, { ...metricsOf(0), validation: null });
    expect(await readProgress(file)).toEqual({ epochs: 1, validation: null });
  });

  it('reads lines without digests, and leaves out one that is cut off', async () => {
    await appendMetrics(file, metricsOf(0));
    await appendFile(file, `${JSON.stringify(metricsOf(1))}\n{"epoch":2,`);
    expect(await readProgress(file)).toEqual({ epochs: 2, validation: 0.25 });
  });

  it('refuses a damaged line as readMetrics does', async () => {
    for (const epoch of [0, 1, 2]) await appendMetrics(file, metricsOf(epoch));
    const whole = await readFile(file);
    for (const damaged of damagesOf(whole, 15)) {
      await writeFile(file, damaged);
      const said = async (reading: Promise<unknown>): Promise<string> =>
        reading.then(
          () => 'nothing',
          (error: unknown) => String(error),
        );
      expect(await said(readProgress(file))).toBe(
        await said(readMetrics(file)),
      );
    }
  });
});
