import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, float32 } from '@clip-lung/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderFeatureCache } from './index.js';

describe('folderFeatureCache', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clip-lung-features-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const features = float32([3], [1, 2.5, -3]);

  it('gives back what was set, in another program, too', async () => {
    await folderFeatureCache(folder).set('a key / with anything', features);
    const cache = folderFeatureCache(folder);
    expect(await cache.get('a key / with anything')).toEqual(features);
    expect(await cache.get('another')).toBeUndefined();
  });

  it('takes a damaged file as none', async () => {
    const cache = folderFeatureCache(folder);
    await cache.set('key', features);
    const file = at(await readdir(folder), 0);
    await truncate(join(folder, file), 100);
    expect(await cache.get('key')).toBeUndefined();
    await cache.set('key', features);
    expect(await cache.get('key')).toEqual(features);
  });
});
