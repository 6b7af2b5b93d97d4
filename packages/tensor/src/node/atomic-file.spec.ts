import { existsSync } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { float32 } from '../nd-array.js';
import { readNpy, writeNpy } from './array-files.js';
import {
  createFileAtomic,
  syncFolder,
  writeFileAtomic,
} from './atomic-file.js';
import { asFileWriteError, FileWriteError } from './file-write-error.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atomic-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('making a file whole or not at all', () => {
  it('is done by one of many, with nothing left beside it', async () => {
    const path = join(folder, 'a/file.txt');
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) => createFileAtomic(path, `${i}`)),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await readFile(path, 'utf8')).toBe(`${made.indexOf(true)}`);
    expect(await readdir(join(folder, 'a'))).toEqual(['file.txt']);
  });

  it('does not replace what is there, nor a folder', async () => {
    const path = join(folder, 'file.txt');
    await writeFile(path, 'old');
    expect(await createFileAtomic(path, 'new')).toBe(false);
    expect(await readFile(path, 'utf8')).toBe('old');
    await mkdir(join(folder, 'b'));
    expect(await createFileAtomic(join(folder, 'b'), 'new')).toBe(false);
    expect((await readdir(folder)).sort()).toEqual(['b', 'file.txt']);
  });
});

describe('a folder whose sync fails', () => {
  async function failing(code: string): Promise<void> {
    const handle = await open(folder, 'r');
    const sync = vi
      .spyOn(Object.getPrototypeOf(handle) as typeof handle, 'sync')
      .mockRejectedValue(
        Object.assign(new Error(`${code}: fsync`), { code, syscall: 'fsync' }),
      );
    try {
      await syncFolder(folder);
    } finally {
      sync.mockRestore();
      await handle.close();
    }
  }

  it.skipIf(process.platform === 'win32')('is named', async () => {
    await expect(failing('EIO')).rejects.toThrow(FileWriteError);
    await expect(failing('EIO')).rejects.toThrow(
      `${folder}: cannot be written: the disk is failing; check it, and copy what is on it (EIO)`,
    );
  });

  it('is as good as synced where the file system has no such thing', async () => {
    await expect(failing('EINVAL')).resolves.toBeUndefined();
  });
});

describe('writing a file whole or not at all', () => {
  it('makes missing folders, and replaces what was there', async () => {
    const path = join(folder, 'a/b/file.txt');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, ['tw', Buffer.from('o')]);
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(join(folder, 'a/b'))).toEqual(['file.txt']);
  });

  it('leaves the old file, and nothing else, when the content fails half-way', async () => {
    const path = join(folder, 'file.txt');
    await writeFile(path, 'old');
    // eslint-disable-next-line @typescript-eslint/require-await -- a source that fails after its first part
    async function* failing(): AsyncGenerator<string> {
      yield 'half';
      throw new Error('no more');
    }
    await expect(writeFileAtomic(path, failing())).rejects.toThrow('no more');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file.txt']);
  });

  it.each([
    ['', 'that is a folder, expected the name of a file (EISDIR)'],
    ['file.txt/x.npy', 'a file is in the place of its folder (EEXIST)'],
    [
      'file.txt/a/x.npy',
      'a file is in the place of one of its folders (ENOTDIR)',
    ],
  ])('says which file cannot be written, and why: %s', async (name, reason) => {
    await writeFile(join(folder, 'file.txt'), 'old');
    const path = join(folder, name);
    const failed = writeFileAtomic(path, 'new');
    await expect(failed).rejects.toThrow(FileWriteError);
    await expect(failed).rejects.toThrow(`${path}: cannot be written: `);
    await expect(failed).rejects.toThrow(reason);
    expect(await readdir(folder)).toEqual(['file.txt']);
  });

  // Linux has a device that is always full.
  it.skipIf(!existsSync('/dev/full'))('says so of a full disk', async () => {
    const full = await open('/dev/full', 'w');
    const problem: unknown = await full
      .writeFile('x')
      .catch((error: unknown) => error);
    await full.close();
    expect(new FileWriteError('a.npy', problem).message).toBe(
      'a.npy: cannot be written: no space is left on the disk; free some, and run it again (ENOSPC)',
    );
  });

  it('writes arrays that come back', async () => {
    const path = join(folder, 'x.npy');
    await writeNpy(path, float32([2], [1.5, -2]));
    expect(await readNpy(path)).toEqual(float32([2], [1.5, -2]));
  });
});

describe('an error of the system', () => {
  const failureOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('in writing is one of the file that it names', async () => {
    const path = join(folder, 'file.txt');
    await writeFile(path, '');
    const error = await failureOf(mkdir(join(path, 'below')));
    const found = asFileWriteError('out', error);
    expect(found).toBeInstanceOf(FileWriteError);
    expect(found).toHaveProperty('file', join(path, 'below'));
  });

  it.runIf(existsSync('/dev/full'))(
    'on a full disk is one of what was to be written',
    async () => {
      const full = await open('/dev/full', 'w');
      const error = await failureOf(full.writeFile('new'));
      await full.close();
      expect(asFileWriteError('out', error)).toHaveProperty(
        'message',
        'out: cannot be written: no space is left on the disk; free some, and run it again (ENOSPC)',
      );
    },
  );

  it('in reading, and any other, stays what it is', async () => {
    const reading = await failureOf(readFile(join(folder, 'none')));
    expect(reading).toBeInstanceOf(Error);
    for (const error of [reading, new Error('other'), 'text', undefined]) {
      expect(asFileWriteError('out', error)).toBe(error);
    }
  });
});
