import { createHash } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { InputError } from '@clip-lung/data';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { truthColumns } from '../truth-csv.js';
import { writePhantom } from './write-phantom.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phantom-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const small = {
  patients: 2,
  seed: 5,
  matrix: 64,
  nodulesPerPatient: [1, 2],
} as const;

/** Every file below a folder with the hash of its bytes. */
async function hashes(root: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    const path = join(root, name);
    if ((await stat(path)).isDirectory()) continue;
    found[name] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return found;
}

describe('writePhantom', () => {
  it('lays a phantom out as LIDC-IDRI is, and says what it wrote', async () => {
    const out = join(folder, 'new');
    const steps: number[] = [];
    const summary = await writePhantom({
      out,
      ...small,
      onProgress: ({ done, total }) => steps.push(done / total),
    });
    expect(steps).toEqual([0.5, 1]);
    const files = Object.keys(await hashes(out));
    const slices = files.filter((name) => name.endsWith('.dcm'));
    for (const name of slices) {
      expect(name.replaceAll('\\', '/')).toMatch(
        /^PHANTOM-000[12]\/01-01-2000-\d{5}\/3000001\.000000-\d{5}\/1-\d{3}\.dcm$/,
      );
    }
    expect(files.filter((name) => name.endsWith('.xml'))).toHaveLength(2);
    expect(files).toContain('truth.csv');
    const rows = (await readFile(join(out, 'truth.csv'), 'utf8'))
      .trim()
      .split('\n');
    expect(rows[0]).toBe(truthColumns.join(','));
    expect(
      rows.every((row) => row.split(',').length === truthColumns.length),
    ).toBe(true);
    expect(summary).toMatchObject({
      patients: 2,
      scans: 2,
      nodules: rows.length - 1,
      slices: slices.length,
    });
    expect(summary.bytes).toBeGreaterThan(slices.length * 64 * 64 * 2);
  });

  it('writes the same bytes again, also over an earlier phantom', async () => {
    await writePhantom({ out: join(folder, 'a'), ...small });
    await writePhantom({
      out: join(folder, 'b'),
      ...small,
      seed: 6,
      patients: 3,
    });
    await writePhantom({ out: join(folder, 'b'), ...small });
    const [a, b] = [
      await hashes(join(folder, 'a')),
      await hashes(join(folder, 'b')),
    ];
    expect(b).toEqual(a);
  });

  it('lists quirks beside the truth, and takes the list away with them', async () => {
    const out = join(folder, 'odd');
    const summary = await writePhantom({
      out,
      seed: 1,
      patients: 14,
      matrix: 64,
      nodulesPerPatient: [2, 2],
      quirks: true,
    });
    const { version, quirks } = JSON.parse(
      await readFile(join(out, 'quirks.json'), 'utf8'),
    ) as { readonly version: number; readonly quirks: readonly unknown[] };
    expect(version).toBe(1);
    expect(quirks).toHaveLength(summary.quirks);
    expect(summary.quirks).toBeGreaterThan(30);
    expect(await writePhantom({ out, ...small })).toMatchObject({ quirks: 0 });
    expect(Object.keys(await hashes(out))).not.toContain('quirks.json');
  });

  it('leaves a folder alone that it did not make', async () => {
    await writeFile(join(folder, 'thesis.txt'), 'mine');
    const attempt = writePhantom({ out: folder, ...small });
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow('thesis.txt');
    expect(await readdir(folder)).toEqual(['thesis.txt']);
  });

  it('leaves an earlier phantom alone that something was added to', async () => {
    await writePhantom({ out: folder, ...small });
    await writeFile(join(folder, 'notes.txt'), 'mine');
    const before = await hashes(folder);
    await expect(writePhantom({ out: folder, ...small })).rejects.toThrow(
      'notes.txt',
    );
    expect(await hashes(folder)).toEqual(before);
  });

  it.each([
    'PHANTOM-0001/notes.txt',
    'PHANTOM-0002/runs/run.json',
    'PHANTOM-0001/01-01-2000-12345/readme.md',
  ])('leaves one alone that %s was added to', async (name) => {
    await writePhantom({ out: folder, ...small });
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), 'mine');
    const before = await hashes(folder);
    const attempt = writePhantom({ out: folder, ...small });
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow(
      name.split('/').slice(0, 2).join('/'),
    );
    expect(await hashes(folder)).toEqual(before);
  });

  it('takes what a killed run had half written for its own', async () => {
    await writePhantom({ out: folder, ...small });
    await writeFile(join(folder, '.truth.csv.0123456789ab.tmp'), 'id');
    await rm(join(folder, 'truth.csv'));
    await writePhantom({ out: folder, ...small });
    expect(await readdir(folder)).not.toContain('.truth.csv.0123456789ab.tmp');
  });

  it('takes no folder for its own by its names alone', async () => {
    await mkdir(join(folder, 'PHANTOM-0001'));
    await expect(writePhantom({ out: folder, ...small })).rejects.toThrow(
      InputError,
    );
    await writeFile(join(folder, 'phantom.json'), '{}');
    await expect(writePhantom({ out: folder, ...small })).rejects.toThrow(
      InputError,
    );
  });

  it('refuses a file as its folder', async () => {
    const out = join(folder, 'file');
    await writeFile(out, '');
    await expect(writePhantom({ out, ...small })).rejects.toThrow(
      'expected a folder',
    );
  });

  it('stops when it is told to, and leaves nothing behind', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const attempt = writePhantom({
      out: folder,
      ...small,
      signal: stop.signal,
      onProgress: () => {
        stop.abort(reason);
      },
    });
    await expect(attempt).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  it('writes nothing for options out of range', async () => {
    const out = join(folder, 'never');
    await expect(writePhantom({ out, patients: -1 })).rejects.toThrow(
      'patients',
    );
    expect(await readdir(folder)).toEqual([]);
  });
});
