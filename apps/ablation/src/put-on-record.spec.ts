import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { GridError } from './errors.js';
import { gridPaths, readEarlierRecord, readGridRecord } from './grid-record.js';
import { openGrid } from './open-grid.js';
import { putOnRecord } from './put-on-record.js';
import { madeUpGrid } from '../test/made-up-grid.js';

describe('what all cells of a grid compute with', () => {
  it('is settled by one of several that begin it at the same moment', async () => {
    const begun = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((usual) =>
        putOnRecord(folder, grid, { threads: undefined, usual }),
      ),
    );
    const { threads } = await readGridRecord(folder);
    expect(begun.map((record) => record.threads)).toEqual(
      Array.from({ length: 6 }, () => threads),
    );
  });

  it('stays what it was, even where no cell has got far enough to show that it began', async () => {
    await putOnRecord(folder, grid, { threads: undefined, usual: 2 });
    const opened = await openGrid(folder, grid);
    const again = await putOnRecord(folder, opened.record, {
      ...{ threads: undefined, usual: 1 },
    });
    expect(again.threads).toBe(2);
    const other = { threads: 3, usual: 1 };
    // Nothing has been started yet.
    expect((await putOnRecord(folder, again, other)).threads).toBe(3);
    await started();
    const refused = putOnRecord(folder, again, { threads: 4, usual: 1 });
    await expect(refused).rejects.toThrow(GridError);
    await expect(refused).rejects.toThrow(
      'its cells began with 3 threads each, and with 4',
    );
    expect((await readGridRecord(folder)).threads).toBe(3);
  });

  it('is the engine and the device, too', async () => {
    await putOnRecord(folder, grid, { threads: undefined, usual: 2 });
    const other = { ...grid, engine: 'tfjs', device: 'gpu' };
    await expect(openGrid(folder, other)).resolves.toBeDefined();
    await started();
    await expect(openGrid(folder, other)).rejects.toThrow(
      'its cells began with the engine onnx, and with tfjs on gpu the others',
    );
  });

  it('has to be told where grid.json is lost, or damaged and removed', async () => {
    await putOnRecord(folder, grid, { threads: undefined, usual: 2 });
    await started();
    const { record: file } = gridPaths(folder);
    await writeFile(file, '{');
    await expect(openGrid(folder, grid)).rejects.toThrow(
      /grid\.json: is not JSON .*; put it back, or remove it and start ablate/,
    );
    await rm(file);
    await writeFile(join(folder, 'table.md'), '');
    expect(await readEarlierRecord(folder, names)).toBeUndefined();
    await expect(
      putOnRecord(folder, grid, { threads: undefined, usual: 2 }),
    ).rejects.toThrow('has runs, but no grid.json, which says with how many');
    const told = await putOnRecord(folder, grid, { threads: 2, usual: 1 });
    expect(told.threads).toBe(2);
  });
});

const grid = madeUpGrid(['ours', 'theirs']);
const names = () => Promise.resolve(['jobs', 'runs', 'table.md', 'table.tex']);

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'put-on-record-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** As if a cell had been started, and had come to nothing yet. */
async function started(): Promise<void> {
  const { jobs } = gridPaths(folder);
  await mkdir(jobs);
  await writeFile(join(jobs, 'a-0.log'), '');
}
