import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  FileFormatError,
  float32,
  int32,
  type NdArray,
} from '@clip-lung/tensor';
import { writeSafetensors } from '@clip-lung/tensor/node';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { damagesOf } from '../test/damages.js';
import {
  checkpointDifference,
  type CheckpointInfo,
  expectBest,
  expectTensors,
  foldPaths,
  type FoldPaths,
  MissingRunFileError,
  readCheckpoint,
  RunFileError,
  TensorMismatchError,
  writeCheckpoint,
} from './index.js';

let folder = '';
let paths: FoldPaths = foldPaths('', 0);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-run-'));
  paths = foldPaths(folder, 3);
});
afterEach(() => rm(folder, { recursive: true }));

const tensors = new Map<string, NdArray>([
  ['params.head.weight', float32([2, 3], [1, 2, 3, 4, 5, 6])],
  ['params.head.bias', float32([2], [0.1, -0])],
  ['step', int32([], [7])],
]);

const info: CheckpointInfo = {
  epoch: 4,
  step: 40,
  best: { epoch: 2, accuracy: 0.5, loss: 1.25 },
  fold: 3,
  experimentDigest: 'abc',
  dataset: 'd'.repeat(64),
  metrics: 'e'.repeat(64),
};

const formatVersion = 2;

describe('a checkpoint', () => {
  it('reads back as it was written, further fields included', async () => {
    const more = { ...info, best: null, patience: 3 };
    await writeCheckpoint(paths, 'last', tensors, info);
    await writeCheckpoint(paths, 'best', tensors, more);
    const last = await readCheckpoint(paths, 'last');
    expect(last.info).toEqual({ ...info, formatVersion });
    expect((await readCheckpoint(paths, 'best')).info).toEqual({
      ...more,
      formatVersion,
    });
    expect([...last.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, array] of tensors) {
      expect(last.tensors.get(name)).toEqual(array);
    }
  });

  it('believes its .safetensors file, not the copy beside it', async () => {
    await writeCheckpoint(paths, 'last', tensors, info);
    expect(JSON.parse(await readFile(paths.last.info, 'utf8'))).toEqual({
      ...info,
      formatVersion,
    });
    await writeFile(paths.last.info, '{"epoch": 99}');
    expect((await readCheckpoint(paths, 'last')).info).toEqual({
      ...info,
      formatVersion,
    });
    await rm(paths.last.info);
    expect((await readCheckpoint(paths, 'last')).info).toEqual({
      ...info,
      formatVersion,
    });
  });

  it('says which one is missing', async () => {
    await expect(readCheckpoint(paths, 'best')).rejects.toThrow(
      MissingRunFileError,
    );
    await expect(readCheckpoint(paths, 'best')).rejects.toThrow(
      /fold 3 has no best checkpoint; train the fold first/,
    );
  });

  it('refuses a .safetensors file of another origin, version or length', async () => {
    const file = paths.last.tensors;
    await writeSafetensors(file, tensors, { format: 'pt' });
    await expect(readCheckpoint(paths, 'last')).rejects.toThrow(
      /lacks "clip-lung\.checkpoint", found "format": this is not a checkpoint/,
    );
    await writeSafetensors(file, tensors, {
      'clip-lung.checkpoint': JSON.stringify({ ...info, formatVersion: 9 }),
    });
    await expect(readCheckpoint(paths, 'last')).rejects.toThrow(
      /has format version 9, expected 2/,
    );
    await writeCheckpoint(paths, 'last', tensors, info);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length - 1));
    await expect(readCheckpoint(paths, 'last')).rejects.toThrow(
      FileFormatError,
    );
  });

  it('is refused at any flipped bit and any length', async () => {
    await writeCheckpoint(paths, 'last', tensors, info);
    const file = paths.last.tensors;
    const whole = await readFile(file);
    for (const damaged of damagesOf(whole, 300)) {
      await writeFile(file, damaged);
      await expect(readCheckpoint(paths, 'last')).rejects.toThrow(
        FileFormatError,
      );
    }
    await writeFile(file, whole);
    await readCheckpoint(paths, 'last');
  });

  it('is refused in another fold, and in another run', async () => {
    await writeCheckpoint(paths, 'last', tensors, info);
    const other = foldPaths(folder, 0);
    await mkdir(other.checkpoints, { recursive: true });
    await cp(paths.last.tensors, other.last.tensors);
    await expect(readCheckpoint(other, 'last')).rejects.toThrow(
      /belongs to fold 3, but lies in the place of fold 0, whose test nodules that fold was trained on/,
    );
    const run = { experiments: ['former', 'abc'], dataset: info.dataset };
    await readCheckpoint(paths, 'last', run);
    await readCheckpoint(paths, 'last', { ...run, dataset: undefined });
    await expect(
      readCheckpoint(paths, 'last', { ...run, experiments: ['former'] }),
    ).rejects.toThrow(/belongs to another experiment than the run's record/);
    await expect(
      readCheckpoint(paths, 'last', { ...run, dataset: 'f'.repeat(64) }),
    ).rejects.toThrow(/belongs to a run on another dataset/);
  });

  it('of version 1 is read without a digest', async () => {
    const { epoch, step, best, experimentDigest } = info;
    const old = { formatVersion: 1, epoch, step, best, experimentDigest };
    await writeSafetensors(paths.last.tensors, tensors, {
      'clip-lung.checkpoint': JSON.stringify(old),
    });
    expect((await readCheckpoint(paths, 'last')).info).toEqual(old);
  });

  it.each([
    [NaN, 'head.weight', 3],
    [Infinity, 'head.weight', 0],
    [-Infinity, 'head.bias', 1],
  ])(
    'with the weight %d is neither written nor read',
    async (value, name, place) => {
      const path = `params.${name}`;
      const wrong = new Map(tensors);
      const { shape = [], data = [] } = tensors.get(path) ?? {};
      const values = Float32Array.from(data, Number).fill(
        value,
        place,
        place + 1,
      );
      wrong.set(path, float32(shape, values));
      const message = `the tensor "${path}" holds ${value} at element ${place}`;
      await expect(writeCheckpoint(paths, 'last', wrong, info)).rejects.toThrow(
        message,
      );
      await writeSafetensors(paths.last.tensors, wrong, {
        'clip-lung.checkpoint': JSON.stringify({ ...info, formatVersion: 1 }),
      });
      await expect(readCheckpoint(paths, 'last')).rejects.toThrow(message);
    },
  );

  it('that is the best has to be of the epoch that the last one says', () => {
    const last = { ...info, formatVersion } as const;
    const bestOf = (epoch: number) =>
      ({
        ...{ ...last, epoch: epoch + 1 },
        best: { epoch, accuracy: 0.5, loss: 1 },
      }) as const;
    expectBest(bestOf(2), last, paths);
    // Stopped between the two.
    expectBest(bestOf(4), last, paths);
    for (const wrong of [bestOf(1), bestOf(3), last]) {
      expect(() => {
        expectBest(wrong, last, paths);
      }).toThrow(
        /best\.safetensors: is of epoch \d, but .* epoch 2 was the best/,
      );
    }
  });

  it('refuses to write info that could not be read back, and keeps the old one', async () => {
    await writeCheckpoint(paths, 'last', tensors, info);
    await expect(
      writeCheckpoint(paths, 'last', [], { ...info, epoch: -1 }),
    ).rejects.toThrow(RunFileError);
    expect((await readCheckpoint(paths, 'last')).tensors.size).toBe(3);
  });
});

describe('the difference of a checkpoint from a model', () => {
  const shapes = new Map(
    [...tensors].map(([name, { shape }]) => [name, shape] as const),
  );

  it('is none for the same names and shapes, in any order', () => {
    const turned = new Map([...shapes].reverse());
    expect(checkpointDifference(tensors, turned)).toEqual([]);
    expect(() => {
      expectTensors(tensors, turned, 'last.safetensors');
    }).not.toThrow();
  });

  it('lists what is missing, too much, or of another shape', () => {
    const other = new Map<string, readonly number[]>([
      ['params.head.weight', [3, 3]],
      ['params.head.bias', [2]],
      ['params.stem.weight', [64, 32, 3, 3]],
    ]);
    const act = (): void => {
      expectTensors(tensors, other, 'last.safetensors');
    };
    expect(act).toThrow(TensorMismatchError);
    expect(act).toThrow(
      `last.safetensors: belongs to another model: 3 tensors differ (- missing, + not expected, ≠ another shape). Use the experiment that the checkpoint was trained with.
  ≠ params.head.weight [2, 3], expected [3, 3]
  - params.stem.weight [64, 32, 3, 3]
  + step []`,
    );
  });

  it('stops listing after thirty', () => {
    const many = new Map(
      Array.from({ length: 40 }, (_one, index) => [`layer${index}`, [1]]),
    );
    expect(() => {
      expectTensors(new Map(), many, 'last.safetensors');
    }).toThrow(/: 40 tensors differ[^…]* {2}… and 10 more$/);
  });

  it('names exactly the entries that differ', () => {
    const entries = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.array(fc.nat({ max: 2 }), { maxLength: 2 }),
    );
    fc.assert(
      fc.property(entries, entries, (found, expected) => {
        const arrays = new Map(
          Object.entries(found).map(([name, shape]) => [
            name,
            float32(
              shape,
              new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0),
            ),
          ]),
        );
        const different = ['a', 'b', 'c', 'd'].filter(
          (name) =>
            JSON.stringify(found[name]) !== JSON.stringify(expected[name]),
        );
        expect(
          checkpointDifference(arrays, new Map(Object.entries(expected))).map(
            (line) => line.split(' ')[1],
          ),
        ).toEqual(different);
      }),
    );
  });
});
