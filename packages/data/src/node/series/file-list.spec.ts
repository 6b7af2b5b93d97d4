import { symlink, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { folderOf } from '../../../test/synthetic.js';
import { comparePaths } from '../../lidc-xml/duplicates.js';
import { FileList, packFiles, unpackFiles } from './file-list.js';
import { type FoundFile, listFiles } from './list-files.js';

const below = (name: string): FoundFile => ({
  path: `/in${sep}${name.replaceAll('/', sep)}`,
  name,
});

describe('listFiles', () => {
  it('gives the files in the order of their names, whatever their folders', async () => {
    const names = ['a/1.dcm', 'a-1/2.dcm', 'a0', 'a/b/c', 'a/b.x', 'Z', 'é/1'];
    const folder = await folderOf(
      Object.fromEntries([...names, '.x/1', 'a/.y'].map((name) => [name, ''])),
    );
    const found = await listFiles(folder);
    expect(found.map(({ name }) => name)).toEqual(names.sort(comparePaths));
    expect(found.map(({ path }) => path)).toEqual(
      found.map(({ name }) => join(folder, name)),
    );
  });

  it('follows links, each folder once, and passes over those that lead nowhere', async () => {
    const folder = await folderOf({ 'a/1': '', 'b/2': '' });
    await symlink(folder, join(folder, 'a', 'up'));
    await symlink(join(folder, 'b'), join(folder, 'c'));
    await symlink(join(folder, 'none'), join(folder, 'd'));
    await symlink(join(folder, 'a', '1'), join(folder, 'e'));
    await writeFile(join(folder, 'f'), '');
    const found = await listFiles(folder);
    expect(found.map(({ name }) => name)).toEqual(['a/1', 'b/2', 'e', 'f']);
  });
});

describe('FileList', () => {
  it('gives back every file, in batches', () => {
    const names = fc.array(
      fc.array(fc.oneof(fc.constantFrom('a', 'ab', 'ä'), fc.string()), {
        minLength: 1,
        maxLength: 4,
      }),
    );
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 4 }), (parts, size) => {
        const files = parts.map((part) =>
          below(part.join('/').replaceAll('\\', '')),
        );
        const list = new FileList(size);
        for (const file of files) list.add(file);
        expect(list.length).toBe(files.length);
        const batches = [...list.batches()].map(unpackFiles);
        expect(batches.flat()).toEqual(files);
        expect(batches.slice(0, -1).every((b) => b.length === size)).toBe(true);
      }),
    );
  });

  it('takes a few bytes for a file', () => {
    const uid = '1.3.6.1.4.1.14519.5.2.1.6279.6001.298806137288633453246975630';
    const files = Array.from({ length: 128 }, (_, i) =>
      below(`${uid}/${uid}/1-${String(i + 1).padStart(3, '0')}.dcm`),
    );
    const { bytes } = packFiles(files);
    const first = 4 + 2 * (files[0]?.name.length ?? 0);
    // A name has one to three digits that are new, `.dcm`, and 4 bytes of counts.
    expect(bytes.length - first).toBeLessThanOrEqual(127 * (4 + 2 * 7));
    // No more than that goes to another thread.
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });

  it('refuses a file that is elsewhere', () => {
    const files = [below('a'), { path: `/out${sep}b`, name: 'b' }];
    expect(() => packFiles(files)).toThrow(RangeError);
  });
});
