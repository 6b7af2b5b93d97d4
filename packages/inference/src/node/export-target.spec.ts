import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FileReadError } from '@clip-lung/tensor/node';
import { beforeEach, describe, expect, it } from 'vitest';

import { InferenceRequestError } from '../errors.js';
import { exportTarget } from './export-target.js';

describe('exportTarget', () => {
  it.each([
    ['new', null],
    ['empty', ''],
    ['a model that export wrote', '\x08\x08\x12\x09clip-lung\x1a\x050.1.0'],
  ])('is a file that is %s', async (_, content) => {
    const out = join(folder, 'model.onnx');
    if (content !== null) await writeFile(out, content, 'latin1');
    expect(await exportTarget(out)).toBe(out);
  });

  it('is what a link leads to, which stays a link', async () => {
    const out = join(folder, 'link.onnx');
    await writeFile(join(folder, 'real.onnx'), '');
    await symlink('real.onnx', out);
    expect(await exportTarget(out)).toMatch(/\/real\.onnx$/);
  });

  it('is neither a file of somebody else, nor a link that leads nowhere', async () => {
    await writeFile(join(folder, 'thesis.txt'), 'mine, about clip-lung');
    await symlink('nowhere', join(folder, 'dangling'));
    for (const [name, problem] of [
      ['thesis.txt', /was not written by clip-lung export/],
      ['dangling', /is a broken link/],
    ] as const) {
      const asked = exportTarget(join(folder, name));
      await expect(asked).rejects.toThrow(InferenceRequestError);
      await expect(asked).rejects.toThrow(problem);
    }
  });

  it('is not a folder', async () => {
    await mkdir(join(folder, 'model'));
    const asked = exportTarget(join(folder, 'model'));
    await expect(asked).rejects.toThrow(FileReadError);
    await expect(asked).rejects.toThrow(/model: .*that is a folder/);
  });
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-export-'));
});
