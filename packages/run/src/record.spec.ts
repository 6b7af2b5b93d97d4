import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { damagesOf } from '../test/damages.js';
import {
  createRunRecord,
  experimentDigest,
  expectRecordDigest,
  MissingRunFileError,
  NotJsonError,
  readRunRecord,
  RunFileError,
  runPaths,
  type RunRecord,
  writeRunRecord,
} from './index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-run-'));
});
afterEach(() => rm(folder, { recursive: true }));

const record: RunRecord = {
  formatVersion: 2,
  experiment: { data: { subset: 'A' }, losses: [{ use: 'cross-entropy' }] },
  data: {
    collection: 'phantom',
    folder: 'dataset',
    nodules: 48,
    subset: 'A',
    folds: 5,
  },
  text: 'random',
  textModel: 'random',
  textSha256: null,
  classes: ['benign', 'unsure', 'malignant'],
  engine: 'onnx',
  device: 'cpu',
  software: { node: '20.20.2' },
};

/** Writes the record with one change as a program or a person could make it. */
async function tamper(
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await writeFile(
    runPaths(folder).experiment,
    JSON.stringify({ ...record, formatVersion: 1, ...change }),
  );
}

describe('experiment.json', () => {
  it('reads back as it was written', async () => {
    await writeRunRecord(folder, record);
    expect(await readRunRecord(folder)).toEqual(record);
    expect(await readdir(folder)).toEqual(['experiment.json']);
    const data = { ...record.data, sha256: 'c'.repeat(64) };
    await writeRunRecord(folder, { ...record, data });
    expect((await readRunRecord(folder)).data).toEqual(data);
  });

  it('a folder without it is no run', async () => {
    await expect(readRunRecord(folder)).rejects.toThrow(MissingRunFileError);
    await expect(readRunRecord(folder)).rejects.toThrow(
      `${runPaths(folder).experiment}: there is no such file, so this is not a run folder`,
    );
    await expect(readRunRecord(join(folder, 'none'))).rejects.toThrow(
      MissingRunFileError,
    );
  });

  it.each([
    [
      { data: { ...record.data, subset: 'D' } },
      /"data\.subset" is "D": expected one of "A"\|"B"\|"C"/,
    ],
    [{ data: { ...record.data, folds: 0 } }, /"data\.folds" is 0/],
    [
      { data: { ...record.data, sha256: 'abc' } },
      /"data\.sha256" is "abc": expected 64 hexadecimal/,
    ],
    [{ engine: undefined }, /"engine" is missing: expected string/],
    [{ text: 7 }, /"text" is 7: expected one of/],
    [{ textSha256: 'abc' }, /"textSha256" is "abc": expected 64 hexadecimal/],
    [{ classes: ['benign'] }, /"classes" is \["benign"\]/],
    [{ classes: ['benign', 'benign'] }, /expected names that differ/],
    [{ colour: 'red' }, /unrecognized key: "colour"/],
  ])('refuses %o', async (change, message) => {
    await tamper(change);
    await expect(readRunRecord(folder)).rejects.toThrow(RunFileError);
    await expect(readRunRecord(folder)).rejects.toThrow(message);
  });

  it('says so of another version first, whatever else has changed', async () => {
    await tamper({ formatVersion: 3, engine: undefined });
    await expect(readRunRecord(folder)).rejects.toThrow(
      /has format version 3, expected 2: it was written by a newer version/,
    );
  });

  it('says so of a key that is there twice', async () => {
    const { experiment } = runPaths(folder);
    await writeRunRecord(folder, record);
    const text = await readFile(experiment, 'utf8');
    await writeFile(experiment, text.replace('{', '{"engine": "other",'));
    await expect(readRunRecord(folder)).rejects.toThrow(
      /experiment\.json: .*the key "engine" is given twice/,
    );
  });

  it('is refused at any flipped bit and any length', async () => {
    await writeRunRecord(folder, record);
    const file = runPaths(folder).experiment;
    const whole = await readFile(file);
    for (const damaged of damagesOf(whole, 200)) {
      await writeFile(file, damaged);
      await expect(readRunRecord(folder)).rejects.toThrow(RunFileError);
      expect(() => {
        expectRecordDigest(damaged, file);
      }).toThrow(RunFileError);
    }
    expectRecordDigest(whole, file);
  });

  it('is read without a digest where it is of version 1, and gets one when it is written again', async () => {
    await tamper({});
    const found = await readRunRecord(folder);
    expect(found).toEqual({ ...record, formatVersion: 1 });
    await writeRunRecord(folder, found);
    expect(await readRunRecord(folder)).toEqual(record);
    expect(
      JSON.parse(await readFile(runPaths(folder).experiment, 'utf8')),
    ).toHaveProperty('sha256');
  });

  it('of version 2 is refused when its digest was taken away', async () => {
    await tamper({ formatVersion: 2 });
    await expect(readRunRecord(folder)).rejects.toThrow(
      /experiment\.json: has lost its SHA-256/,
    );
  });

  it('is made by one of several that try', async () => {
    const others = ['a', 'b', 'c', 'd'].map((engine) => ({
      ...record,
      engine,
    }));
    const made = await Promise.all(
      others.map((one) => createRunRecord(folder, one)),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    expect((await readRunRecord(folder)).engine).toBe(
      others[made.indexOf(true)]?.engine,
    );
    expect(await readdir(folder)).toEqual(['experiment.json']);
  });

  it('says so of a file that is cut short', async () => {
    await writeFile(runPaths(folder).experiment, '{"formatVersion": 1, ');
    await expect(readRunRecord(folder)).rejects.toThrow(/is not JSON/);
  });

  it('writes nothing that could not be read back', async () => {
    await expect(
      writeRunRecord(folder, { ...record, classes: [] }),
    ).rejects.toThrow(RunFileError);
    await expect(
      writeRunRecord(folder, { ...record, experiment: { rate: NaN } }),
    ).rejects.toThrow(
      new NotJsonError(
        '"rate" is NaN, which JSON cannot hold; expected a finite number, a string, true, false, null, or lists and objects of these',
      ),
    );
    await expect(
      writeRunRecord(folder, { ...record, experiment: { act: () => 1 } }),
    ).rejects.toThrow(/"act" is a function/);
    await expect(
      writeRunRecord(folder, {
        ...record,
        experiment: { table: new Float32Array(2) },
      }),
    ).rejects.toThrow(/"table" is a Float32Array/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps the old record when a new one is refused', async () => {
    await writeRunRecord(folder, record);
    const before = await readFile(runPaths(folder).experiment, 'utf8');
    await expect(
      writeRunRecord(folder, { ...record, classes: [] }),
    ).rejects.toThrow(RunFileError);
    expect(await readFile(runPaths(folder).experiment, 'utf8')).toBe(before);
  });
});

describe('the digest of an experiment', () => {
  it('does not depend on the order of keys or on absent options, but on all else', () => {
    const digest = experimentDigest({ a: 1, b: { c: [1, 2], d: 'x' } });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(
      experimentDigest({ b: { d: 'x', c: [1, 2], e: undefined }, a: 1 }),
    ).toBe(digest);
    expect(experimentDigest({ a: 1, b: { c: [2, 1], d: 'x' } })).not.toBe(
      digest,
    );
    expect(experimentDigest({ a: 2, b: { c: [1, 2], d: 'x' } })).not.toBe(
      digest,
    );
  });
});
