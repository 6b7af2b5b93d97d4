import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SlurmProfileError } from './error.js';
import { readSlurmProfile, type SlurmProfile } from './profile.js';

describe('a Slurm profile', () => {
  it('may say nothing', async () => {
    expect(await read({})).toEqual({
      ...{ modules: [], container: [], environment: [], extra: [] },
      signalSeconds: 120,
    });
  });

  it('says all that a cluster wants to know', async () => {
    const all: SlurmProfile = {
      ...{ partition: 'gpu', account: 'lab', qos: 'low', time: '1-12:00' },
      ...{ memory: '16G', cpus: 8, gpus: 'a100:2', constraint: 'ib' },
      ...{ modules: ['cuda/12'], container: ['apptainer', 'exec', 'x.sif'] },
      environment: ['if true; then', 'export A="$HOME/x y"', 'fi'],
      ...{ signalSeconds: 300, maxRunning: 20, program: ['clip-lung'] },
      extra: ['--exclude=n[1-3]', '--exclusive'],
    };
    expect(await read(all)).toEqual(all);
  });

  it.each([
    [
      { tmie: '1:00' },
      'tmie',
      '"tmie" is not a key of a profile; known: partition, account, qos, time, memory, cpus, gpus, constraint, modules, container, environment, signalSeconds, maxRunning, extra, program',
    ],
    [
      { time: 'soon' },
      'time',
      'time is "soon"; expected minutes ("90"), "hours:minutes:seconds" or "days-hours:minutes"',
    ],
    [{ time: 60 }, 'time', 'time is 60; expected string, received number'],
    [
      { memory: '16 GB' },
      'memory',
      'memory is "16 GB"; expected a number with K, M, G or T, such as "16G"',
    ],
    [
      { cpus: 0 },
      'cpus',
      'cpus is 0; it is too small: expected number to be >=1',
    ],
    [
      { gpus: 'two' },
      'gpus',
      'gpus is "two"; expected a number of GPUs, or their type and number: 2, "a100:1"',
    ],
    [
      { partition: 'a\nb' },
      'partition',
      'partition is "a\\nb"; expected a text without line breaks',
    ],
    [
      { modules: ['a', 5] },
      'modules',
      'modules[1] is 5; expected string, received number',
    ],
    [
      { container: 'apptainer exec' },
      'container',
      'container is "apptainer exec"; expected array, received string',
    ],
    [
      { extra: ['-x n1'] },
      'extra',
      'extra[0] is "-x n1"; expected one long option of sbatch, such as "--exclude=node7"',
    ],
    [
      { extra: ['--ok', '--array=1-9'] },
      'extra',
      'extra[1] is "--array=1-9"; --array is the launcher\'s own: the tasks decide it',
    ],
    [
      { extra: ['--signal=USR1@5'] },
      'extra',
      'extra[0] is "--signal=USR1@5"; --signal is the launcher\'s own: use the key signalSeconds',
    ],
    [
      { signalSeconds: 1e6 },
      'signalSeconds',
      'signalSeconds is 1000000; it is too big: expected number to be <=65535',
    ],
    [
      { program: [] },
      'program',
      'program is []; it is too small: expected array to have >=1 items',
    ],
    [
      [],
      undefined,
      'expected an object with some of these keys: partition, account,',
    ],
  ])('is refused for %o', async (value, key, words) => {
    const reading = read(value);
    await expect(reading).rejects.toThrow(SlurmProfileError);
    await expect(reading).rejects.toMatchObject({ file, key });
    await expect(reading).rejects.toThrow(`${file}: ${words}`);
  });

  it.each(['2', '1:59', '00:02:00'])(
    'is refused for a time of %s, all of which is for saving',
    async (time) => {
      await expect(read({ time })).rejects.toThrow(
        `${file}: time is "${time}", 1`,
      );
    },
  );

  it.each(['3', '2:01', '0:02:01', '0-1', '1-0:0', '0-0:03', 'UNLIMITED'])(
    'may have a time of %s',
    async (time) => {
      const reading = read({ time });
      if (time === '1-0:0') await expect(reading).rejects.toThrow('expected');
      else expect((await reading).time).toBe(time);
    },
  );

  it('is refused for lines that would swallow the script', async () => {
    await expect(read({ environment: ['export A="x'] })).rejects.toThrow(
      /environment is not what bash can read: .*unexpected EOF/,
    );
  });

  it.each(['', '{', '{"time": "1:00:00", "time": "2:00:00"}'])(
    'is refused for what is not JSON: %o',
    async (text) => {
      await writeFile(file, text);
      await expect(readSlurmProfile(file)).rejects.toThrow(
        `${file}: is not JSON (SyntaxError`,
      );
    },
  );

  it('is refused where there is none', async () => {
    await expect(readSlurmProfile(file)).rejects.toThrow(
      `${file}: cannot be read: there is no such file`,
    );
  });
});

let folder = '';
let file = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'profile-'));
  file = join(folder, 'slurm.json');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function read(value: unknown): Promise<SlurmProfile> {
  await writeFile(file, JSON.stringify(value));
  return readSlurmProfile(file);
}
