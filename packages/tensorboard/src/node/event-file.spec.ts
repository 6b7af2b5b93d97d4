import {
  appendFile,
  mkdtemp,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  decodeEvents,
  scalarsByStep,
  type TensorBoardEvent,
} from '../index.js';
import { createEventFile, eventFiles, readEventFolder } from './index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'events-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('createEventFile', () => {
  it('adds to the end of the file alone', async () => {
    const events = await createEventFile(join(folder, 'new', 'run'));
    let before = await readFile(events.file);
    for (let step = 0; step < 3; step++) {
      await events.write([loss(step, step / 7), loss(step, step / 3)]);
      const now = await readFile(events.file);
      expect(now.subarray(0, before.length).equals(before)).toBe(true);
      expect(decodeEvents(now).events).toHaveLength(3 + 2 * step);
      before = now;
    }
    await events.close();
  });

  it('begins a file that TensorBoard reads after those that are there', async () => {
    const future = Math.floor(Date.now() / 1000) + 5000;
    const first = join(folder, `events.out.tfevents.${future}.zz.1.0`);
    await writeFile(first, '');
    const names: string[] = [];
    for (let i = 0; i < 2; i++) {
      const events = await createEventFile(folder);
      names.push(events.file);
      await events.close();
    }
    expect(await eventFiles(folder)).toEqual([first, ...names]);
    expect(basename(names[1] ?? '')).toMatch(
      new RegExp(`^events\\.out\\.tfevents\\.${future + 2}\\.`),
    );
  });

  it('loses the last record at most, and a restart voids what is done again', async () => {
    const killed = await createEventFile(folder);
    for (let step = 0; step < 4; step++) await killed.write([loss(step, step)]);
    await killed.close();
    const { length } = await readFile(killed.file);
    await truncate(killed.file, length - 3);
    const found = scalarsByStep(await readEventFolder(folder));
    expect([...found.keys()]).toEqual([0, 1, 2]);

    const next = await createEventFile(folder);
    await next.write([{ wallTime: 0, step: 2, kind: 'restart' }]);
    await next.write([loss(2, 20), loss(3, 30)]);
    await next.close();
    const after = scalarsByStep(await readEventFolder(folder));
    expect(
      [...after].map(([step, values]) => [step, values.get('loss')]),
    ).toEqual([
      [0, 0],
      [1, 1],
      [2, 20],
      [3, 30],
    ]);
  });

  it('says which file cannot be written', async () => {
    await appendFile(join(folder, 'file'), '');
    await expect(createEventFile(join(folder, 'file', 'run'))).rejects.toThrow(
      /file[/\\]run[/\\]events.*cannot be written: a file is in the place/,
    );
  });

  it('refuses a step that is not a whole number, and writes nothing', async () => {
    const events = await createEventFile(folder);
    const { length } = await readFile(events.file);
    await expect(events.write([loss(0, 1), loss(0.5, 1)])).rejects.toThrow(
      'step is 0.5, expected a whole number',
    );
    await events.close();
    expect(await readFile(events.file)).toHaveLength(length);
  });
});

describe('readEventFolder', () => {
  it('has nothing where there is no folder', async () => {
    expect(await readEventFolder(join(folder, 'none'))).toEqual([]);
  });
});

function loss(step: number, value: number): TensorBoardEvent {
  return {
    wallTime: 0,
    step,
    kind: 'summary',
    values: [{ kind: 'scalar', tag: 'loss', value }],
  };
}
