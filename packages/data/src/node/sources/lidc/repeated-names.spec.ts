import { symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeNpy, NdArray } from '@clip-lung/tensor';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';

import { folderOf, temporaryFolder } from '../../../../test/synthetic.js';
import { DatasetError, InputError } from '../../../errors.js';
import { listFiles } from '../../series/list-files.js';
import { arrayOfNpz } from '../nodulemnist3d/npz.js';
import { readDataset } from '../../dataset/read-dataset.js';
import { readTable } from '../../dataset/table.js';

describe('a name that is there twice', () => {
  it('as a column of a table is refused, unless nobody reads it', () => {
    const read = (text: string) => readTable(text, 'a.csv', ['id', 'fold']);
    expect(() => read('id,fold,fold\na,1,2\n')).toThrow(DatasetError);
    expect(() => read('id,fold,fold\na,1,2\n')).toThrow(
      /^a\.csv:1: has the columns fold twice/,
    );
    const [row] = read('note,id,fold,note\nx,a,1,y\n');
    expect([row?.text('id'), row?.text('fold')]).toEqual(['a', '1']);
  });

  it('as an entry of a .npz file is refused', () => {
    const array = (value: number): Uint8Array =>
      encodeNpy(new NdArray('uint8', [1], Uint8Array.of(value)));
    // Of one length, so that the second can be renamed in place.
    const bytes = Buffer.from(
      zipSync({ 'a.npy': array(1), 'b.npy': array(2) }, { level: 0 }),
    );
    expect(arrayOfNpz(bytes, 'x.npz', 'b').data).toEqual(Uint8Array.of(2));
    for (let at = bytes.indexOf('b.npy'); at >= 0; ) {
      bytes.write('a', at);
      at = bytes.indexOf('b.npy');
    }
    expect(() => arrayOfNpz(bytes, 'x.npz', 'a')).toThrow(InputError);
    expect(() => arrayOfNpz(bytes, 'x.npz', 'a')).toThrow(
      /^x\.npz: .*"a\.npy" is in it twice/,
    );
  });

  it('as a key of a manifest is refused', async () => {
    const folder = await folderOf({
      'manifest.json': '{"version": 3, "rule": "pylidc", "rule": "inclusive"}',
    });
    await expect(readDataset(folder)).rejects.toThrow(
      /^manifest\.json: .*"rule" is given twice/,
    );
  });
});

describe('a symbolic link', () => {
  it('that leads nowhere is passed over, and any other that cannot be followed is an error', async () => {
    const folder = await folderOf({ 'a.dcm': 'x' });
    await symlink('nothing', join(folder, 'b.dcm'));
    await symlink('c.dcm', join(folder, 'c.dcm'));
    await symlink('a.dcm', join(folder, 'd.dcm'));
    const names = (await listFiles(folder)).map(({ name }) => name);
    expect(names).toEqual(['a.dcm', 'd.dcm']);
    const other = await temporaryFolder();
    await symlink('long'.repeat(100), join(other, 'e.dcm'));
    await expect(listFiles(other)).rejects.toThrow(/ENAMETOOLONG/);
  });
});
