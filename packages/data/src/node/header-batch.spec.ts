import { utimesSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { folderOf, sliceFile, temporaryFolder } from '../../test/synthetic.js';
import { readSliceHeader } from '../dicom/header.js';
import { readHeaders } from './header-batch.js';
import { listFiles } from './list-files.js';
import { indexSeries } from './series-index.js';
import { headersOf, joinColumns, sliceColumns } from './slice-set.js';

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
    const names = files.map((_, i) => `${i}.dcm`);
    const headers = files.map((bytes, i) =>
      readSliceHeader(bytes, names[i] ?? ''),
    );
    const place = { files: names, paths: names };
    expect(headersOf({ ...place, ...sliceColumns(headers) })).toEqual(headers);
    // In parts, as they come from several threads.
    const parts = [headers.slice(0, 1), headers.slice(1, 2), headers.slice(2)];
    const joined = joinColumns(parts.map(sliceColumns));
    expect(headersOf({ ...place, ...joined })).toEqual(headers);
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
  it('are used where no file was changed, and only there', async () => {
    const folder = await folderOf({ 'a.dcm': slice(1), 'b.dcm': slice(2) });
    const keep = await temporaryFolder();
    const files = await listFiles(folder);
    for (const { path } of files) place(path);
    const heights = () =>
      readHeaders({ files, keep }).series.flatMap(({ slices }) => [
        ...slices.positions.filter((_, i) => i % 3 === 2),
      ]);
    expect(heights()).toEqual([1, 2]);
    expect(await readdir(keep)).toHaveLength(1);

    // Of the same size and time, so what was kept is taken.
    const path = join(folder, 'b.dcm');
    await writeFile(path, slice(7));
    place(path);
    expect(heights()).toEqual([1, 2]);

    await writeFile(path, slice(8));
    expect(heights()).toEqual([1, 8]);
    // Kept anew; and a file that was cut short is worth nothing.
    place(path);
    expect(heights()).toEqual([1, 8]);
    const [kept = ''] = await readdir(keep);
    const bytes = await readFile(join(keep, kept));
    await writeFile(join(keep, kept), bytes.subarray(0, -1));
    expect(heights()).toEqual([1, 8]);
  });

  it('are not kept where a file could not be read', async () => {
    const folder = await folderOf({ 'a.dcm': 'no DICOM' });
    const keep = await temporaryFolder();
    await mkdir(keep, { recursive: true });
    const files = await listFiles(folder);
    expect(readHeaders({ files, keep }).warnings).toHaveLength(1);
    expect(await readdir(keep)).toEqual([]);
  });
});
