import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Manifest } from '@clip-lung/data';
import { readDataset } from '@clip-lung/data/node';
import { writePhantom } from '@clip-lung/phantom/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, type Outcome } from '../test/clip-lung.js';
import { exitCodes } from './exit-codes.js';

let folder = '';
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-prepare-'));
  await writePhantom({ out: at('lidc'), patients: 3, seed: 1 });
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

const prepare = (...args: readonly string[]): Promise<Outcome> =>
  clipLung('prepare', ...args);

async function manifestOf(...args: readonly string[]): Promise<Manifest> {
  const { code, out, err } = await prepare(...args, '--json');
  expect({ code, err }).toMatchObject({ code: exitCodes.done });
  return JSON.parse(out) as Manifest;
}

describe('prepare', () => {
  it('records its options in the manifest', async () => {
    const patients = ['PHANTOM-0001', 'PHANTOM-0002'];
    const known = (await manifestOf(at('lidc'), '--out', at('all'))).counts;
    expect(known.patients).toBe(3);
    const manifest = await manifestOf(
      ...[at('lidc'), '--out', at('some'), '--patients', '2', '--margin'],
      ...['--label', 'median', '--rule', 'inclusive', '--strict'],
    );
    expect(patients).toHaveLength(manifest.counts.patients);
    expect(manifest).toMatchObject({
      source: {
        rule: 'inclusive',
        options: { label: 'median', margin: 1.5, patients: 2 },
      },
      crop: { size: 48, scale: 3 },
    });
  });

  it.each([
    [['--margin', '0.5'], /--margin.*at least 1/],
    [['--label', 'mode'], /--label.*Allowed choices are mean, median/],
    [['--patients', 'a,,b'], /IDs separated by commas/],
    [['--shard', '4/3'], /--shard 4\/3: expected which shard of how many/],
    [['--shard', '0/3'], /--shard 0\/3: expected/],
    [['--shard', '2'], /--shard 2: expected .* such as 3\/8/],
    [
      ['--from', 'crops', '--shard', '1/2'],
      /--shard does not apply to --from crops, .* only --from lidc can be/,
    ],
    [
      ['--from', 'nodulemnist3d', '--min-readers', '3'],
      /--min-readers does not apply to --from nodulemnist3d/,
    ],
  ])('refuses %j as wrong use', async (args, message) => {
    const { code, err } = await prepare(
      ...[at('lidc'), '--out', at('never'), ...args],
    );
    expect(code).toBe(exitCodes.wrongUse);
    expect(err).toMatch(message);
    expect(await readdir(folder)).not.toContain('never');
  });

  it('says how many annotated scans have no images', async () => {
    await writePhantom({ out: at('part'), patients: 2, seed: 1 });
    const files = await readdir(at('part'), { recursive: true });
    const gone = files.filter(
      (name) => name.startsWith('PHANTOM-0002') && name.endsWith('.dcm'),
    );
    expect(gone.length).toBeGreaterThan(0);
    for (const name of gone) await rm(join(at('part'), name));
    const { code, out } = await prepare(at('part'), '--out', at('part-data'));
    expect(code).toBe(exitCodes.done);
    expect(out).toContain(
      'annotated scans without images in the folder, left out: 1',
    );
  });

  it('says what a file must be that is no NoduleMNIST3D', async () => {
    await writeFile(at('a.npz'), 'no zip');
    const { code, err } = await prepare(
      ...[at('a.npz'), '--from', 'nodulemnist3d', '--out', at('never')],
    );
    expect(code).toBe(exitCodes.failed);
    expect(err).toMatch(/a\.npz: cannot be read as a \.npz file/);
  });

  it('tells how readers agree, nodule by nodule', async () => {
    await manifestOf(at('lidc'), '--out', at('readers'));
    const lines = async (name: string) =>
      (await readFile(join(at('readers'), name), 'utf8')).trim().split('\n');
    const rows = await lines('readers.csv');
    expect(rows).toHaveLength((await lines('nodules.csv')).length);
    expect(rows[0]).toContain('dice,diceLeast,subtletyReaders,subtletyMean');
  });

  it('makes a dataset of shards, and says which are missing', async () => {
    const args = [at('lidc'), '--out', at('sharded')];
    const first = await prepare(...args, '--shard', '2/2', '--json');
    expect(JSON.parse(first.out)).toMatchObject({
      ...{ shard: { number: 2, of: 2 }, patients: 1, scans: 1, failures: [] },
      ...{ done: [2], missing: [1] },
    });
    const other = await prepare(...args, '--shard', '1/2', '--margin');
    expect(other.code).toBe(exitCodes.failed);
    expect(other.err).toMatch(/--margin is 1\.5, and was 1\. Give what they/);
    const second = await prepare(...args, '--shard', '1/2');
    expect(second.out).toMatch(
      /^shard 1 of 2: 2 patients, 2 scans prepared; kept in .*\nall 2 shards are prepared; the same command without --shard makes/,
    );
    const { err } = await prepare(...args);
    expect(err).toMatch(/all 2 shards are prepared\n/);
    expect(err).toContain('3 of 3 scans were prepared before; 0 were');
    const sharded = await readDataset(at('sharded'));
    expect(sharded).toEqual({
      ...(await readDataset(at('all'))),
      folder: sharded.folder,
    });
  });
});
