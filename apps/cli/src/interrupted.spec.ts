import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { float32 } from '@clip-lung/tensor';
import { writeNpy } from '@clip-lung/tensor/node';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { clipLung, type Outcome, smallExperiment } from '../test/clip-lung.js';

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

// More of the long work, turn by turn, is in the specs of evaluator, metrics and phantom.
it.each<[string, () => readonly string[]]>([
  ['phantom', () => [at('empty'), '--patients', '500']],
  ['inspect', () => [at('lidc')]],
  ['prepare', () => [at('lidc'), '--out', at('out')]],
  ['evaluate', () => [at('run')]],
  ['evaluate', () => [at('run'), at('run')]],
  ['evaluate', () => [at('run'), '--by', 'texts']],
  ['analyse', () => [at('run'), '--out', at('out')]],
  ['export', () => [at('run'), '--out', at('out')]],
  ['predict', () => [at('model.onnx'), at('crops.npy')]],
])(
  '%s, stopped by Ctrl-C, ends with 130 and leaves nothing (%#)',
  async (name, argsOf) => {
    const before = await contentOf();
    const { code, out, err } = await stopped([name, ...argsOf(), '--json']);
    expect([code, err.endsWith('\nstopped\n')]).toEqual([130, true]);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'interrupted' } });
    expect(await contentOf()).toEqual(before);
  },
);

it.each([
  ['SIGTERM', 143],
  ['SIGUSR2', 140],
] as const)('a command ended by %s exits with %d', async (signal, expected) => {
  const args = ['inspect', at('lidc'), '--json'];
  const { code, out } = await stopped(args, signal);
  expect(code).toBe(expected);
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'interrupted' } });
});

it('a training that is stopped exits with 75, and says how to go on', async () => {
  const train = ['train', at('small.json'), '--data', at('dataset'), '--json'];
  const args = [...train, '--out', at('stopped'), '--fold', '0,1'];
  const { code, out, err } = await stopped(args, 'SIGUSR2');
  expect([code, err.endsWith('; go on with --resume\n')]).toEqual([75, true]);
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'stopped' } });
  const whole = await clipLung(...args, '--resume');
  expect(JSON.parse(whole.out)).toMatchObject({
    run: at('stopped'),
    folds: [
      { fold: 0, accuracy: expect.any(Number) as number },
      { fold: 1, validation: { loss: expect.any(Number) as number } },
    ],
  });
});

/** As a terminal or a scheduler does it, as soon as the command has begun. */
async function stopped(
  args: readonly string[],
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Outcome> {
  const listening = process.listenerCount(signal);
  const running = clipLung(...args);
  expect(process.listenerCount(signal)).toBe(listening + 1);
  await setImmediate();
  process.emit(signal, signal);
  return running;
}

/** Of the folder, but for what a later `prepare` goes on from, and for the folder, empty again, of a phantom. */
async function contentOf(): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => name !== 'empty' && !name.startsWith('.out.partial'))
    .sort();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interrupted-'));
  const experiment = at('small.json');
  await writeFile(experiment, JSON.stringify(smallExperiment));
  await clipLung('phantom', at('lidc'), '--patients', '10', '--matrix', '64');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  const train = ['train', experiment, '--data', at('dataset')];
  await clipLung(...train, '--out', at('run'), '--fold', '0');
  await clipLung('export', at('run'), '--out', at('model.onnx'));
  const shape = [64, 32, 32, 32];
  const hu = new Float32Array(64 * 32 ** 3).fill(-800);
  await writeNpy(at('crops.npy'), float32(shape, hu));
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));
