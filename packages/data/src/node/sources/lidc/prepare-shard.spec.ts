import { spawn } from 'node:child_process';
import fs, { existsSync } from 'node:fs';
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { FileWriteError, jsonWithDigest } from '@clip-lung/tensor/node';
import { describe, expect, it, vi } from 'vitest';

import { contentOf, scans } from '../../../../test/scans.js';
import { sliceFile, temporaryFolder } from '../../../../test/synthetic.js';
import { InputError, OptionError } from '../../../errors.js';
import { shardCommands, shardState } from '../../shards/shard-state.js';
import { prepareDataset } from './prepare-dataset.js';
import type { PrepareOptions } from './prepare-options.js';
import { prepareShard } from './prepare-shard.js';

/** Six scans, the dataset that is made of them at once, and a place for one that is made in shards. */
async function collection(
  options: Omit<PrepareOptions, 'folder' | 'out'> = {},
) {
  const folder = await scans(6);
  const parent = await temporaryFolder();
  const whole = join(parent, 'whole');
  await prepareDataset({ folder, out: whole, ...options });
  const out = join(parent, 'out');
  const kept = join(parent, '.out.partial');
  const notes: string[] = [];
  const onNote = (note: string) => void notes.push(note);
  const given = { folder, out, ...options, onNote };
  return {
    ...{ folder, parent, out, kept, notes },
    shard: (number: number, of: number, more: Partial<PrepareOptions> = {}) =>
      prepareShard({ ...given, ...more, shard: { number, of } }),
    merge: (more: Partial<PrepareOptions> = {}) =>
      prepareDataset({ ...given, ...more }),
    expectWhole: async () => {
      expect(await contentOf(out)).toEqual(await contentOf(whole));
      expect((await readdir(parent)).sort()).toEqual(['out', 'whole']);
    },
  };
}

describe('a collection prepared in shards', () => {
  it('is the same, whatever their number and order', async () => {
    for (const order of [[1], [2, 1], [3, 1, 2], [5, 8, 1, 7, 3, 2, 6, 4]]) {
      const { shard, merge, notes, expectWhole } = await collection();
      for (const number of order) await shard(number, order.length);
      await merge();
      expect(notes).toEqual([
        `all ${order.length} shards are prepared`,
        '6 of 6 scans were prepared before; 0 were prepared now',
      ]);
      await expectWhole();
    }
  });

  it('has every n-th patient in a shard, and no pixel is read twice', async () => {
    const { folder, shard, merge } = await collection();
    const opened = vi.spyOn(fs, 'openSync');
    const countOf = async (work: Promise<unknown>): Promise<number[]> => {
      opened.mockClear();
      await work;
      const paths = opened.mock.calls.map(([path]) => String(path));
      return [1, 2, 3, 4, 5, 6].map(
        (scan) =>
          paths.filter((path) => path.startsWith(join(folder, `${scan}/`)))
            .length,
      );
    };
    const [first, second, merging] = [
      await countOf(shard(1, 2)),
      await countOf(shard(2, 2)),
      await countOf(merge()),
    ];
    opened.mockRestore();
    // Annotations, headers, and of its own scans the pixels; the second finds the headers.
    const [own = NaN, other = NaN] = first;
    expect(own).toBeGreaterThan(other);
    expect(first).toEqual([own, other, own, other, own, other]);
    const pixels = own - other;
    expect(second).toEqual([1, 1 + pixels, 1, 1 + pixels, 1, 1 + pixels]);
    expect(merging).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('says what each shard came to, and which are missing', async () => {
    const { folder, kept, out, shard } = await collection();
    await writeFile(
      join(folder, '2/9.dcm'),
      sliceFile({ series: '1.2.3.2', patient: 'LIDC-IDRI-0002', rows: 30 }),
    );
    expect(await shardState(out)).toBeUndefined();
    expect(await shard(2, 4)).toEqual({
      ...{ shard: { number: 2, of: 4 }, folder: kept, shards: 4 },
      ...{ patients: 2, scans: 1, done: [2], missing: [1, 3, 4] },
      failures: [
        expect.objectContaining({ patient: 'LIDC-IDRI-0002', file: '2/a.xml' }),
      ],
    });
    expect(await shard(4, 4)).toMatchObject({ patients: 1, done: [2, 4] });
    expect(await shardState(out)).toMatchObject({ missing: [1, 3] });
  });

  it('may have shards at work at once, and one started twice', async () => {
    const { shard, merge, expectWhole } = await collection();
    await Promise.all([shard(1, 3), shard(2, 3), shard(3, 3), shard(2, 3)]);
    await merge();
    await expectWhole();
  });

  it('is whole though a shard is still at work, which then says why it cannot be', async () => {
    const { shard, merge, expectWhole } = await collection();
    let merged: Promise<unknown> | undefined;
    const late = shard(2, 2, {
      onProgress: ({ stage, done }) => {
        if (stage === 'scans' && done === 1) merged = merge();
      },
    });
    const [ended] = await Promise.allSettled([late]);
    await merged;
    if (ended.status === 'rejected') {
      expect(String(ended.reason)).toMatch(/removed/);
    } else await rm(join(ended.value.folder), { recursive: true, force: true });
    await expectWhole();
  });

  it('goes on where a stopped shard was, and prepares what is missing', async () => {
    const { folder, parent, shard, merge, notes, expectWhole } =
      await collection();
    await shard(1, 2);
    const stop = new AbortController();
    const stopped = shard(2, 2, {
      workers: 1,
      signal: stop.signal,
      onProgress: ({ stage, done }) => {
        if (stage === 'scans' && done === 1) stop.abort();
      },
    });
    await expect(stopped).rejects.toThrow(/abort/);
    expect(await shardState(join(parent, 'out'))).toMatchObject({ done: [1] });
    const link = join(parent, 'link');
    await symlink(folder, link);
    // However the collection is called.
    await merge({ folder: link });
    await rm(link);
    expect(notes).toEqual([
      '1 of 2 shards are prepared; what is missing of the others (2) is prepared now',
      expect.stringMatching(/^[45] of 6 scans were prepared before; [12] were/),
    ]);
    await expectWhole();
  });

  it('misses a shard of which something was lost, until it is made again', async () => {
    const { kept, out, shard, merge, expectWhole } = await collection();
    await shard(1, 2);
    await shard(2, 2);
    const names = await readdir(kept);
    const scan = names.find((name) => name.endsWith('.scan'));
    if (scan === undefined) throw new Error('no scan is kept');
    await rm(join(kept, scan));
    const state = await shardState(out);
    expect(state?.missing).toHaveLength(1);
    await shard(state?.missing[0] ?? NaN, 2);
    expect((await shardState(out))?.missing).toEqual([]);
    await writeFile(join(kept, 'shard-1.done'), '{}');
    expect((await shardState(out))?.missing).toEqual([1]);
    await merge();
    await expectWhole();
  });

  it('keeps its shards when the last step is refused', async () => {
    const { parent, out, shard, merge, notes } = await collection();
    await shard(1, 1);
    await expect(merge({ rule: 'inclusive' })).rejects.toThrow(InputError);
    await writeFile(out, 'mine');
    await expect(merge()).rejects.toThrow(/is a file/);
    await rm(out);
    const xml = join(parent, 'a.xml');
    await writeFile(xml, '<LidcReadMessage');
    await expect(merge({ folder: xml })).rejects.toThrow(InputError);
    expect(await shardState(out)).toMatchObject({ done: [1] });
    await merge();
    expect(notes.at(-1)).toMatch(/^6 of 6 scans were prepared before/);
  });
});

describe('shards', () => {
  it.each<[Partial<PrepareOptions>, string]>([
    [{ minReaders: 2 }, '--min-readers is 2, and was 1'],
    [{ rule: 'inclusive' }, '--rule is inclusive, and was pylidc'],
    [{ label: 'median' }, '--label is median, and was mean'],
    [{ margin: 1.5 }, '--margin is 1.5, and was 1'],
    [{ patients: 2 }, '--patients is 2, and was not given'],
    [
      { patients: ['LIDC-IDRI-0001'], margin: 2 },
      '--margin is 2, and was 1; --patients is LIDC-IDRI-0001, and was not given',
    ],
  ])(
    'of %j beside others are refused with the difference',
    async (more, is) => {
      const { kept, shard, merge } = await collection();
      await shard(1, 2);
      const message = `${kept}: keeps shards of another preparation: ${is}. Give what they were given`;
      await expect(shard(2, 2, more)).rejects.toThrow(message);
      await expect(merge(more)).rejects.toThrow(message);
    },
  );

  it('differ in nothing by what decides no scan', async () => {
    const { shard, merge, expectWhole } = await collection({ seed: 3 });
    await shard(1, 2, { seed: 1, workers: 1, strict: true });
    await shard(2, 2, { folds: 2, workers: 2 });
    await merge();
    await expectWhole();
  });

  it('of another number, another folder or another version are refused', async () => {
    const { folder, kept, out, shard } = await collection();
    await shard(1, 2);
    await expect(shard(1, 3)).rejects.toThrow(
      'the number of shards is 3, and was 2',
    );
    const other = await scans(6);
    await expect(shard(2, 2, { folder: other })).rejects.toThrow(
      `the source is ${other}, and was ${folder}`,
    );
    const args = ['prepare', folder, '--out', out];
    await expect(shardCommands({ out, shards: 3, args })).rejects.toThrow(
      `${kept}: keeps 2 shards, and 3 are asked for`,
    );
    const plan = join(kept, 'shards.json');
    const { sha256, ...before } = JSON.parse(
      await readFile(plan, 'utf8'),
    ) as Record<string, unknown>;
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const older = { ...before, software: '0.0.1, dataset version 2' };
    await writeFile(plan, jsonWithDigest(older));
    await expect(shard(2, 2)).rejects.toThrow(
      /the version of @clip-lung\/data is .*, and was 0\.0\.1, dataset version 2/,
    );
    await writeFile(plan, (await readFile(plan, 'utf8')).replace('0.', '9.'));
    await expect(shard(2, 2)).rejects.toThrow(
      `${plan}: was damaged or changed after it was written`,
    );
  });

  it('are commands, with a file that tells whether one has got on', async () => {
    const { folder, kept, out, shard } = await collection();
    await shard(2, 2);
    const args = ['prepare', folder, '--out', out];
    const commands = await shardCommands({ out, shards: 2, args });
    expect(commands).toEqual([
      {
        ...{ shard: { number: 1, of: 2 }, isDone: false },
        args: [...args, '--shard', '1/2'],
        progress: join(kept, 'shard-1.progress'),
      },
      {
        ...{ shard: { number: 2, of: 2 }, isDone: true },
        args: [...args, '--shard', '2/2'],
        progress: join(kept, 'shard-2.progress'),
      },
    ]);
    const progress = await readFile(join(kept, 'shard-2.progress'), 'utf8');
    expect(progress.match(/\.scan\n/g)).toHaveLength(3);
    await shard(2, 2);
    expect(await readFile(join(kept, 'shard-2.progress'), 'utf8')).toBe(
      progress,
    );
  });

  it.each([
    [0, 3],
    [4, 3],
    [1.5, 3],
    [1, 1e6],
  ])('%d of %d cannot be', async (number, of) => {
    const failed = prepareShard({
      ...{ folder: 'none', out: 'none' },
      shard: { number, of },
    });
    await expect(failed).rejects.toThrow(OptionError);
  });

  it('without anything to prepare are refused as the whole is', async () => {
    const folder = await temporaryFolder();
    const out = join(await temporaryFolder(), 'out');
    const shard = { number: 1, of: 2 };
    const failed = prepareShard({ folder, out, shard });
    await expect(failed).rejects.toThrow(/holds no annotations of a CT/);
    expect(await readdir(join(out, '..'))).toEqual([]);
    const missing = prepareShard({ folder: join(folder, 'x'), out, shard });
    await expect(missing).rejects.toThrow(/x: cannot be opened \(ENOENT\)/);
  });

  it('say what is in the way of what they keep', async () => {
    const { kept, shard } = await collection();
    await writeFile(kept, 'mine');
    await expect(shard(1, 2)).rejects.toThrow(FileWriteError);
  });

  it('end at what is lost, where nothing may be', async () => {
    const { folder, shard } = await collection();
    await writeFile(
      join(folder, '2/9.dcm'),
      sliceFile({ series: '1.2.3.2', patient: 'LIDC-IDRI-0002', rows: 30 }),
    );
    await shard(1, 2, { strict: true });
    await expect(shard(2, 2, { strict: true })).rejects.toThrow(
      /^2\/a\.xml: scan 1\.2\.3\.2 of patient LIDC-IDRI-0002 cannot be prepared, and strict/,
    );
  });
});

const compiled = fileURLToPath(
  new URL('../../../../dist/node/index.js', import.meta.url),
);

describe.skipIf(!existsSync(compiled))(
  `processes (skipped where ${compiled} is not built)`,
  () => {
    it('prepare shards at once, one of them killed, to the same bytes', async () => {
      const { folder, out, shard, merge, expectWhole } = await collection();
      const run = (number: number, atScan = Infinity): Promise<string | null> =>
        new Promise((resolve) => {
          const options = JSON.stringify({
            ...{ folder, out, workers: 2 },
            shard: { number, of: 3 },
          });
          const child = spawn(process.execPath, [
            '--input-type=module',
            '-e',
            `import { prepareShard } from ${JSON.stringify(compiled)};
            await prepareShard({ ...${options}, onProgress: ({ stage, done }) => {
              if (stage === 'scans' && done === ${atScan}) process.kill(process.pid, 'SIGKILL');
            } });`,
          ]);
          child.on('exit', (code, signal) => {
            resolve(signal ?? String(code));
          });
        });
      expect(await Promise.all([run(1), run(2, 1), run(3)])).toEqual([
        '0',
        'SIGKILL',
        '0',
      ]);
      expect(await shardState(out)).toMatchObject({ missing: [2] });
      expect(await shard(2, 3)).toMatchObject({ missing: [] });
      await merge();
      await expectWhole();
    });
  },
);
