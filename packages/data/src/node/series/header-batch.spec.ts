import fs, { utimesSync } from 'node:fs';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import {
  folderOf,
  sliceFile,
  temporaryFolder,
} from '../../../test/synthetic.js';
import { readSliceHeader } from '../../dicom/header.js';
import { InputError } from '../../errors.js';
import { packFiles } from './file-list.js';
import { listFiles } from './list-files.js';
import { keepHeaders, readKeptSlices } from '../scratch/partial-headers.js';
import { indexSeries } from './series-index.js';
import { headersOf, joinSets, sliceSet } from './slice-set.js';

const slice = (z: number, series = '1.2.3') =>
  sliceFile({ series, sop: `${series}.${z}`, position: [0, 0, z] });

const place = (path: string) => {
  utimesSync(path, 1_000, 1_000);
};

describe('headers as columns', () => {
  it('come back as they were', () => {
    const files = [
      slice(1),
      sliceFile({ sop: '1.2.3.2', position: [1, -0.5, 2] }),
      sliceFile({ sop: '1.2.3.3', patient: 'OTHER', rows: 30 }),
      sliceFile({ sop: '1.2.3.4', manufacturer: 'SOME' }),
    ];
    const found = files.map((_, i) => ({ name: `${i}.dcm`, path: `a/${i}` }));
    const headers = files.map((bytes, i) => readSliceHeader(bytes, `${i}.dcm`));
    const stamps = files.map((_, i) => [i, 10 + i, 20 + i] as const);
    expect(headersOf(sliceSet(found, headers, stamps))).toEqual(headers);
    // In parts, as they come from several threads.
    const parts = [[0, 1] as const, [1, 2] as const, [2, 4] as const].map(
      (range) =>
        sliceSet(
          found.slice(...range),
          headers.slice(...range),
          stamps.slice(...range),
        ),
    );
    const joined = joinSets(parts);
    expect(headersOf(joined)).toEqual(headers);
    expect([...joined.stamps]).toEqual(stamps.flat());
    expect(joined.paths).toEqual(found.map(({ path }) => path));
    expect(joined.shared.length).toBeLessThan(4);
  });

  it('are in the order of the files, however many of them', async () => {
    const files: Record<string, Uint8Array> = {};
    for (let k = 0; k < 300; k++) {
      files[`${String(k).padStart(3, '0')}.dcm`] = slice(k, `1.2.${k % 2}`);
    }
    const { series } = await indexSeries(
      await listFiles(await folderOf(files)),
    );
    expect([...series.keys()]).toEqual(['1.2.0', '1.2.1']);
    const found = series.get('1.2.1');
    expect(found?.files).toEqual(
      Object.keys(files).filter((_, k) => k % 2 === 1),
    );
    const heights =
      found && headersOf(found).map(({ position }) => position?.[2]);
    expect(heights).toEqual(Array.from({ length: 150 }, (_, i) => 2 * i + 1));
  });
});

describe('kept headers', () => {
  /** Of the files of a folder, through the folder that keeps them. */
  const keeper = async (files: Record<string, string | Uint8Array>) => {
    const folder = await folderOf(files);
    const keep = await temporaryFolder();
    const found = await listFiles(folder);
    for (const { path } of found) place(path);
    const batch = () => keepHeaders({ files: packFiles(found), keep });
    const slices = () =>
      batch().series.map((part) => readKeptSlices(keep, [part.slices]));
    const heights = () =>
      slices().flatMap((set) =>
        headersOf(set).map(({ position }) => position?.[2]),
      );
    return { folder, keep, batch, slices, heights };
  };

  it('are used where no file was changed, and only there', async () => {
    const { folder, keep, heights } = await keeper({
      'a.dcm': slice(1),
      'b.dcm': slice(2),
    });
    expect(heights()).toEqual([1, 2]);
    expect(await readdir(keep)).toHaveLength(1);

    const opened = vi.spyOn(fs, 'openSync');
    const read = (): readonly unknown[] => {
      const paths = opened.mock.calls.map(([path]) => path);
      opened.mockClear();
      return paths.filter((path) => String(path).endsWith('.dcm'));
    };
    expect(heights()).toEqual([1, 2]);
    expect(read()).toEqual([]);

    // Of the same size, and dated as the one before: the system knows better.
    const path = join(folder, 'b.dcm');
    await writeFile(path, slice(8));
    place(path);
    expect(heights()).toEqual([1, 8]);
    expect(read()).toHaveLength(2);
    expect(heights()).toEqual([1, 8]);
    expect(read()).toEqual([]);
    opened.mockRestore();
    // A file that was cut short is worth nothing.
    const [kept = ''] = await readdir(keep);
    const bytes = await readFile(join(keep, kept));
    await writeFile(join(keep, kept), bytes.subarray(0, -1));
    expect(heights()).toEqual([1, 8]);
  });

  it('are those of indexSeries, series by series', async () => {
    const files = {
      'x/a.dcm': slice(1, '1.2.1'),
      'x/b.dcm': slice(2, '1.2.2'),
      'y/a.dcm': slice(3, '1.2.1'),
      'y/c.dcm': sliceFile({ series: '1.2.2', sop: '1.2.2.9', patient: 'Ü' }),
    };
    const { folder, slices, batch } = await keeper(files);
    const index = await indexSeries(await listFiles(folder));
    expect(slices()).toEqual([...index.series.values()]);
    expect(batch().series).toMatchObject([
      { seriesUid: '1.2.1', patientId: 'P1' },
      { seriesUid: '1.2.2', patientId: 'P1' },
    ]);
  });

  it('are read again where a file could not be read', async () => {
    const { folder, batch, heights } = await keeper({
      'a.dcm': Buffer.from(slice(1)).fill(0, 0, 200),
      'b.dcm': slice(2),
    });
    expect(batch().warnings).toHaveLength(1);
    expect(heights()).toEqual([2]);
    const path = join(folder, 'a.dcm');
    await writeFile(path, slice(1));
    place(path);
    expect(heights()).toEqual([1, 2]);
  });

  it('are missed, where somebody has cut them away in the meantime', async () => {
    const { keep, batch } = await keeper({ 'a.dcm': slice(1) });
    const places = batch().series.map((part) => part.slices);
    const [kept = ''] = await readdir(keep);
    await truncate(join(keep, kept), 100);
    const read = () => readKeptSlices(keep, places);
    expect(read).toThrow(InputError);
    expect(read).toThrow(/\.headers: was removed or changed while .* prepare/);
  });
});
