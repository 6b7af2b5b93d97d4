import { spawnSync } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import { exportOnnx } from '@clip-lung/engine';
import { foldPaths, lockFold } from '@clip-lung/run';
import { float32 } from '@clip-lung/tensor';
import { putOwnDigest, writeNpy } from '@clip-lung/tensor/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, type Outcome, smallExperiment } from '../test/clip-lung.js';

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

const train = (run: string, ...more: readonly string[]): Promise<Outcome> =>
  clipLung(
    ...['train', at('small.json'), '--data', at('dataset')],
    ...['--out', at(run), ...more],
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whole-'));
  await clipLung('phantom', at('lidc'), '--patients', '12', '--seed', '3');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  await writeFile(at('small.json'), JSON.stringify(smallExperiment));
  for (const fold of ['0', '1']) await train('run', '--fold', fold);
  const other = ['--fold', '0', '--set', 'training.seed=7'];
  expect((await train('other', ...other)).code).toBe(0);
  const crop = new Float32Array(32 ** 3).fill(-1000, 1);
  await writeNpy(at('crop.npy'), float32([32, 32, 32], crop));
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

let copies = 0;
/** A copy of the run, with a change. */
async function changed(
  change: (run: string) => Promise<void>,
): Promise<string> {
  const name = `copy-${(copies += 1)}`;
  await cp(at('run'), at(name), { recursive: true });
  await change(at(name));
  return name;
}

const checkpoints = 'fold-0/checkpoints';

/** Puts a weight that is not finite into fold 0's checkpoints, with the digest of what they have become. */
async function spoil(run: string): Promise<void> {
  for (const name of ['last', 'best'] as const) {
    const file = foldPaths(run, 0)[name].tensors;
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE());
    const header = bytes.toString('utf8', 8, 8 + length);
    const tensors = JSON.parse(header) as Readonly<
      Record<string, { readonly data_offsets?: readonly [number, number] }>
    >;
    const weight = Object.keys(tensors).find((path) =>
      path.startsWith('average.params'),
    );
    const [start = NaN] = tensors[weight ?? '']?.data_offsets ?? [];
    bytes.writeFloatLE(NaN, 8 + length + start);
    const label = '"clip-lung.sha256":"';
    bytes.write('0'.repeat(64), bytes.indexOf(label) + label.length);
    putOwnDigest(bytes, { label, which: 'first' });
    await writeFile(file, bytes);
  }
}

describe('a checkpoint', () => {
  it.each([
    [
      'of another fold',
      (run: string) =>
        cp(at('run/fold-1/checkpoints'), join(run, checkpoints), {
          recursive: true,
        }),
      /last\.safetensors: belongs to fold 1, but lies in the place of fold 0, whose test nodules that fold was trained on/,
    ],
    [
      'of another experiment',
      (run: string) =>
        cp(at('other', checkpoints), join(run, checkpoints), {
          recursive: true,
        }),
      /last\.safetensors: belongs to another experiment than the run's record/,
    ],
    [
      'whose best one is of another run',
      (run: string) =>
        cp(
          at('other', checkpoints, 'best.safetensors'),
          join(run, checkpoints, 'best.safetensors'),
        ),
      /best\.safetensors: belongs to another experiment than the run's record/,
    ],
    [
      'that is not finite',
      spoil,
      /(last|best)\.safetensors: the tensor "average\.params\.\S+" holds NaN at element 0: the training has diverged/,
    ],
  ])('%s is refused by every reader', async (_, change, message) => {
    const run = await changed(change);
    const commands = [
      ['export', at(run), '--fold', '0', '--out', at('never.onnx')],
      ['predict', at(run), at('crop.npy'), '--fold', '0'],
      ['evaluate', at(run), '--by', 'texts'],
    ];
    for (const command of commands) {
      const { code, out, err } = await clipLung(...command);
      expect([command[0], code, out]).toEqual([command[0], 1, '']);
      expect(err).toMatch(message);
    }
    await rm(at(run, 'fold-0/predictions.csv'));
    const resumed = await train(run, '--fold', '0', '--resume');
    expect(resumed.code).toBe(1);
    expect(resumed.err).toMatch(message);
    expect(resumed.err).toMatch(
      /remove \S+checkpoints to train fold 0 from its start, or put the file back/,
    );
    const names = await readdir(at(run, 'fold-0'));
    expect(names).not.toContain('predictions.csv');
    expect(await readdir(folder)).not.toContain('never.onnx');
  });

  it('of an experiment that was changed on record is refused, too', async () => {
    const run = await changed((copy) =>
      cp(at('other', 'experiment.json'), join(copy, 'experiment.json')),
    );
    const { code, err } = await clipLung('evaluate', at(run));
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(
        /predictions\.csv: belongs to another experiment than the run's record/,
      ),
    ]);
  });
});

describe('predictions', () => {
  it('that are cut at the end of a row, or of another fold, are refused', async () => {
    const cut = await changed(async (copy) => {
      const { predictions } = foldPaths(copy, 0);
      const text = await readFile(predictions, 'utf8');
      await writeFile(
        predictions,
        `${text.split('\n').slice(0, -2).join('\n')}\n`,
      );
    });
    expect((await clipLung('evaluate', at(cut))).err).toMatch(
      /predictions\.csv: was damaged or changed after it was written: .* for its \d+ nodules; put it back, or have it written again/,
    );
    expect((await train(cut, '--fold', '0', '--resume')).code).toBe(0);
    expect((await clipLung('evaluate', at(cut))).code).toBe(0);
    const swapped = await changed(async (copy) => {
      for (const name of ['predictions.csv', 'predictions.json']) {
        await cp(at('run/fold-1', name), join(copy, 'fold-0', name));
      }
    });
    expect((await clipLung('evaluate', at(swapped))).err).toMatch(
      /predictions\.csv: belongs to fold 1, but lies in the place of fold 0/,
    );
  });
});

it('a model that says what is not finite is refused', async () => {
  const exported = await clipLung(
    ...['export', at('run'), '--fold', '0', '--out', at('model.onnx')],
  );
  expect(exported.code).toBe(0);
  const bytes = exportOnnx(
    ({ inputs: { hu } }: { inputs: { hu: tf.Tensor } }) => ({
      outputs: {
        probabilities: tf.sqrt(
          tf.reshape(tf.slice(hu, [0, 0, 0, 0], [-1, 1, 1, 2]), [-1, 2]),
        ),
      },
    }),
    {
      inputs: { hu: { shape: ['batch', 32, 32, 32] } },
      metadata: {
        format_version: '2',
        classes: '["benign","malignant"]',
        collection: 'phantom',
        text: 'none',
        text_model: '',
      },
    },
  );
  await writeFile(at('nan.onnx'), bytes);
  const { code, out, err } = await clipLung(
    ...['predict', at('nan.onnx'), at('crop.npy')],
  );
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(
    /nan\.onnx: gives NaN for malignant of crop 0, which is not a probability/,
  );
});

describe('a fold', () => {
  it('that is being trained is refused by name, and others are not', async () => {
    const lock = await lockFold(at('held'), 0);
    const refused = await train('held', '--fold', '0', '--resume');
    expect([refused.code, refused.out]).toEqual([69, '']);
    expect(refused.err).toContain(
      `fold-0.lock: fold 0 is being trained by process ${process.pid} on ${hostname()}, since `,
    );
    expect((await train('held', '--fold', '1')).code).toBe(0);
    await lock.release();
    expect((await train('held', '--fold', '0')).code).toBe(0);
    const names = await readdir(at('held'));
    expect(names.filter((name) => name.includes('lock'))).toEqual([]);
  });

  it('whose trainer was killed in its very first write goes on, and nothing is left of it', async () => {
    await mkdir(at('killed'));
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    const lock = await lockFold(at('killed'), 0);
    const holder = JSON.parse(await readFile(lock.file, 'utf8')) as object;
    const text = JSON.stringify({ ...holder, pid, began: '1', token: 'x' });
    await writeFile(lock.file, text);
    await lock.release();
    await writeFile(at('killed', '.experiment.json.0123456789ab.tmp'), '{"a');
    const resumed = await train('killed', '--fold', '0', '--resume');
    expect(resumed.code).toBe(0);
    expect(resumed.err).toMatch(
      new RegExp(`process ${pid} on .* is gone; its lock is taken over`),
    );
    expect((await readdir(at('killed'))).sort()).toEqual([
      'experiment.json',
      'fold-0',
    ]);
  });
});

describe('what the system refuses names the file', () => {
  it.each([
    ['experiment.json', 'evaluate'],
    ['fold-0/predictions.csv', 'evaluate'],
    ['fold-0/predictions.json', 'evaluate'],
    ['fold-0/checkpoints/last.safetensors', 'export'],
    ['fold-0/checkpoints/best.safetensors', 'export'],
    ['fold-0/checkpoints/last.safetensors', 'resume'],
    ['fold-0/metrics.jsonl', 'resume'],
    ['fold-0.lock', 'resume'],
  ])('where %s is a folder, in %s', async (name, command) => {
    const run = await changed(async (copy) => {
      await rm(join(copy, name), { force: true });
      await mkdir(join(copy, name));
    });
    const { code, err } =
      command === 'resume'
        ? await train(run, '--fold', '0', '--resume')
        : command === 'export'
          ? await clipLung(
              ...['export', at(run), '--fold', '0', '--out', at('never.onnx')],
            )
          : await clipLung('evaluate', at(run));
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(
        `error: ${at(run, name)}: cannot be read: that is a folder, expected a file (EISDIR)`,
      ),
    ]);
  });

  it('where a folder is in the place of what is written', async () => {
    await mkdir(at('odd/fold-0/metrics.jsonl'), { recursive: true });
    await cp(at('run/experiment.json'), at('odd/experiment.json'));
    const { code, err } = await train('odd', '--fold', '0');
    expect(code).toBe(1);
    expect(err).toMatch(/error: \S+odd: fold 0 has already been begun/);
    const resumed = await train('odd', '--fold', '0', '--resume');
    expect([resumed.code, resumed.err]).toEqual([
      1,
      expect.stringContaining(
        `error: ${at('odd/fold-0/metrics.jsonl')}: cannot be written: `,
      ),
    ]);
  });
});
