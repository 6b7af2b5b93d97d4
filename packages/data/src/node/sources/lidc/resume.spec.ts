import { spawn } from 'node:child_process';
import fs, { existsSync, statSync, utimesSync } from 'node:fs';
import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { FileWriteError } from '@clip-lung/tensor/node';
import { describe, expect, it, vi } from 'vitest';

import { contentOf, scans } from '../../../../test/scans.js';
import {
  lidcXml,
  ratingsOf,
  sliceFile,
  square,
  temporaryFolder,
} from '../../../../test/synthetic.js';
import { InputError } from '../../../errors.js';
import { prepareDataset } from './prepare-dataset.js';
import { readDataset } from '../../dataset/read-dataset.js';

/** Prepares until so many scans are done, and then stops. */
async function stopAfter(
  scansDone: number,
  folder: string,
  out: string,
): Promise<void> {
  const stop = new AbortController();
  const stopped = prepareDataset({
    folder,
    out,
    workers: 1,
    signal: stop.signal,
    onProgress: ({ stage, done }) => {
      if (stage === 'scans' && done === scansDone) stop.abort();
    },
  });
  await expect(stopped).rejects.toThrow(/abort/);
}

describe('a stopped preparation', () => {
  it('goes on where it was, to the same bytes', async () => {
    const folder = await scans(6);
    const parent = await temporaryFolder();
    await prepareDataset({ folder, out: join(parent, 'whole') });
    const out = join(parent, 'out');
    await stopAfter(3, folder, out);
    const kept = await readdir(join(parent, '.out.partial'));
    expect(kept.length).toBeGreaterThanOrEqual(3);

    // What is kept is used: the files of a finished scan are not opened again, and those of others are.
    const opened = vi.spyOn(fs, 'openSync');
    await prepareDataset({ folder, out });
    const paths = opened.mock.calls.map(([path]) => String(path));
    opened.mockRestore();
    const read = (scan: number): number =>
      paths.filter((path) => path.startsWith(join(folder, `${scan}/`))).length;
    expect(read(1)).toBe(1); // its annotations
    expect(read(6)).toBeGreaterThan(1);
    expect(await contentOf(out)).toEqual(
      await contentOf(join(parent, 'whole')),
    );
    expect((await readdir(parent)).sort()).toEqual(['out', 'whole']);
  });

  it('does not take pixels for those of a file that was replaced since, whatever its date', async () => {
    const folder = await scans(3);
    const parent = await temporaryFolder();
    const out = join(parent, 'out');
    await stopAfter(2, folder, out);
    for (let z = 0; z < 8; z++) {
      const path = join(folder, '1', `${z}.dcm`);
      const { atime, mtime } = statSync(path);
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(1, bytes.length - 1152));
      utimesSync(path, atime, mtime);
    }
    await prepareDataset({ folder, out });
    await prepareDataset({ folder, out: join(parent, 'anew') });
    expect(await contentOf(out)).toEqual(await contentOf(join(parent, 'anew')));
  });

  it('says what is in the way of what it keeps, and leaves it', async () => {
    const folder = await scans(1);
    const parent = await temporaryFolder();
    const inTheWay = join(parent, '.out.partial');
    await writeFile(inTheWay, 'mine');
    const failed = prepareDataset({ folder, out: join(parent, 'out') });
    await expect(failed).rejects.toThrow(FileWriteError);
    await expect(failed).rejects.toThrow(
      `${inTheWay}: cannot be written: a file is in the place of its folder`,
    );
    expect(await readFile(inTheWay, 'utf8')).toBe('mine');
    expect(await readdir(parent)).toEqual(['.out.partial']);
  });

  it('uses nothing that was made with other options, or is not whole', async () => {
    const folder = await scans(4);
    const parent = await temporaryFolder();
    const out = join(parent, 'out');
    const options = { folder, rule: 'inclusive', margin: 1.5 } as const;
    await prepareDataset({ ...options, out: join(parent, 'whole') });
    await stopAfter(2, folder, out);
    const partial = join(parent, '.out.partial');
    for (const name of await readdir(partial)) {
      const bytes = await readFile(join(partial, name));
      await writeFile(join(partial, name), bytes.subarray(0, -5));
    }
    await prepareDataset({ ...options, out });
    expect(await contentOf(out)).toEqual(
      await contentOf(join(parent, 'whole')),
    );
  });

  it('clears away what a killed run left half-written, and nothing else', async () => {
    const folder = await scans(2);
    const parent = await temporaryFolder();
    await mkdir(join(parent, '.out.0123456789ab.tmp'));
    await mkdir(join(parent, '.other.0123456789ab.tmp'));
    await prepareDataset({ folder, out: join(parent, 'out') });
    expect((await readdir(parent)).sort()).toEqual([
      '.other.0123456789ab.tmp',
      'out',
    ]);
  });

  it('brings back the dataset that a killed run had moved out of the way', async () => {
    const folder = await scans(2);
    const parent = await temporaryFolder();
    const out = join(parent, 'out');
    await prepareDataset({ folder, out });
    const before = await contentOf(out);
    // As it is between the two last renames.
    const aside = join(parent, '.out.0123456789ab.old');
    const link = join(await temporaryFolder(), 'link');
    await symlink(out, link);
    for (const name of [out, link]) {
      await rename(out, aside);
      await mkdir(join(parent, '.out.ba9876543210.tmp'));
      await expect(readDataset(name)).rejects.toThrow(
        `${name}: was being replaced when clip-lung prepare was killed; the dataset is in ${aside}`,
      );
      const failing = prepareDataset({
        folder: join(folder, 'none'),
        out: name,
      });
      await expect(failing).rejects.toThrow(/none/);
      expect(await contentOf(out)).toEqual(before);
      expect(await readdir(parent)).toEqual(['out']);
    }
  });

  it('removes the former dataset once another has taken its place', async () => {
    const folder = await scans(1);
    const parent = await temporaryFolder();
    const out = join(parent, 'out');
    await prepareDataset({ folder, out });
    const aside = join(parent, '.out.0123456789ab.old');
    await rename(out, aside);
    await prepareDataset({ folder, out: join(parent, 'other') });
    await rename(join(parent, 'other'), out);
    await prepareDataset({ folder, out });
    expect(await readdir(parent)).toEqual(['out']);
  });

  it('refuses to work beside another process on the same dataset', async () => {
    const folder = await scans(1);
    const parent = await temporaryFolder();
    await mkdir(join(parent, '.out.partial'));
    const lock = join(parent, '.out.partial', 'lock');
    await writeFile(lock, String(process.ppid));
    const failing = prepareDataset({ folder, out: join(parent, 'out') });
    await expect(failing).rejects.toThrow(InputError);
    await expect(failing).rejects.toThrow(/is preparing this dataset/);
    // A process that is no more holds nothing.
    await writeFile(lock, '999999999');
    await prepareDataset({ folder, out: join(parent, 'out') });
  });
});

describe('options of preparation', () => {
  it('takes the first patients, or those that are named, and refuses others', async () => {
    const folder = await scans(4);
    const parent = await temporaryFolder();
    const take = async (patients: number | readonly string[]) => {
      const out = join(parent, 'out');
      const manifest = await prepareDataset({ folder, out, patients });
      expect(manifest.source.options.patients).toEqual(patients);
      return (await readDataset(out)).nodules.map(({ patient }) => patient);
    };
    expect(await take(2)).toEqual(['LIDC-IDRI-0001', 'LIDC-IDRI-0002']);
    expect(await take(['LIDC-IDRI-0003'])).toEqual(['LIDC-IDRI-0003']);
    await expect(take(['LIDC-IDRI-0009'])).rejects.toThrow(
      /has no annotated scan of LIDC-IDRI-0009; it has 4 patients/,
    );
  });

  it('stores a margin around the very same crops', async () => {
    const folder = await scans(2);
    const parent = await temporaryFolder();
    await prepareDataset({ folder, out: join(parent, 'plain') });
    const out = join(parent, 'wide');
    const manifest = await prepareDataset({ folder, out, margin: 1.5 });
    expect(manifest.crop).toMatchObject({ size: 48, scale: 3 });
    const plain = await readDataset(join(parent, 'plain'));
    expect((await readDataset(out)).crops).toEqual(plain.crops);
    const wide = await readDataset(out, { margin: true });
    expect(wide.crops.shape).toEqual([2, 48, 48, 48]);
  });

  it('labels by the median when asked to', async () => {
    const regions = [{ z: 3, points: square(5, 5, 4) }];
    const sessions = [1, 1, 5, 5, 1].map((malignancy) => [
      { ratings: ratingsOf({ malignancy }), regions },
    ]);
    const folder = await scans(1);
    // Five readers, for which the tolerance shrinks in vain: they stay one nodule.
    await writeFile(join(folder, '1/a.xml'), lidcXml(sessions, '1.2.3.1'));
    const labels = [];
    for (const label of ['mean', 'median'] as const) {
      const out = join(await temporaryFolder(), 'out');
      await prepareDataset({ folder, out, label });
      const [nodule] = (await readDataset(out)).nodules;
      labels.push([nodule?.malignancy, nodule?.label]);
      const table = await readFile(join(out, 'readers.csv'), 'utf8');
      const [head = '', row = ''] = table.split('\n');
      const value = (name: string) =>
        row.split(',')[head.split(',').indexOf(name)];
      expect(value('malignancyMean')).toBe('2.6');
      expect(value('malignancyMedian')).toBe('1');
      expect(value('malignancySpread')).toBe('1.9596');
      expect(value('malignancyReaders')).toBe('5');
      expect(value('dice')).toBe('1');
      expect(value('pairs')).toBe('10');
    }
    expect(labels).toEqual([
      [2.6, 'unsure'],
      [1, 'benign'],
    ]);
  });

  it('ends at the first failure when it is to be strict', async () => {
    const folder = await scans(2);
    await writeFile(
      join(folder, '1/9.dcm'),
      sliceFile({ series: '1.2.3.1', patient: 'LIDC-IDRI-0001', rows: 30 }),
    );
    const out = join(await temporaryFolder(), 'out');
    await expect(prepareDataset({ folder, out, strict: true })).rejects.toThrow(
      /^1\/a\.xml: scan 1\.2\.3\.1 of patient LIDC-IDRI-0001 cannot be prepared, and strict/,
    );
    expect(existsSync(out)).toBe(false);
    expect(
      (await prepareDataset({ folder, out })).source.counts.failedScans,
    ).toBe(1);
  });
});

describe('what is not of a dataset', () => {
  it('is never removed with it: the folder is refused by what it holds', async () => {
    const folder = await scans(1);
    const parent = await temporaryFolder();
    const out = join(parent, 'out');
    await prepareDataset({ folder, out });
    await mkdir(join(out, 'runs'));
    await writeFile(join(out, 'runs/notes.txt'), 'mine');
    const failed = prepareDataset({ folder, out });
    await expect(failed).rejects.toThrow(
      `${out}: is a dataset, but also holds what does not belong to one: runs.`,
    );
    expect(await readFile(join(out, 'runs/notes.txt'), 'utf8')).toBe('mine');
    await readDataset(out);
    expect(await readdir(parent)).toEqual(['out']);
  });

  it('is not a folder by the name of a file of a dataset either', async () => {
    const folder = await scans(1);
    const out = join(await temporaryFolder(), 'out');
    await prepareDataset({ folder, out });
    await rename(join(out, 'readers.csv'), join(out, 'aside'));
    await mkdir(join(out, 'readers.csv'));
    await rename(join(out, 'aside'), join(out, 'readers.csv/mine.csv'));
    await expect(prepareDataset({ folder, out })).rejects.toThrow(
      /does not belong to one: readers\.csv\. /,
    );
  });

  it('is put there during the work, and stops the last step alone', async () => {
    const folder = await scans(3);
    const parent = await temporaryFolder();
    const out = join(parent, 'out');
    await prepareDataset({ folder, out });
    const failed = prepareDataset({
      folder,
      out,
      onProgress: ({ stage, done }) => {
        if (stage === 'scans' && done === 1) {
          fs.writeFileSync(join(out, 'notes.txt'), 'mine');
        }
      },
    });
    await expect(failed).rejects.toThrow(/belong to one: notes\.txt\. /);
    expect(await readFile(join(out, 'notes.txt'), 'utf8')).toBe('mine');
    // What was prepared is kept for another folder.
    const kept = await readdir(join(parent, '.out.partial'));
    expect(kept.filter((name) => name.endsWith('.scan'))).toHaveLength(3);
  });

  it('stays: a link is followed, and the dataset behind it replaced', async () => {
    const folder = await scans(1);
    const parent = await temporaryFolder();
    const real = join(parent, 'disk/dataset');
    await prepareDataset({ folder, out: real });
    const before = await lstat(real);
    const out = join(parent, 'link');
    await symlink('disk/dataset', out);
    await prepareDataset({ folder, out });
    expect(await readlink(out)).toBe('disk/dataset');
    expect((await lstat(real)).ino).not.toBe(before.ino);
    expect((await readDataset(out)).nodules).toHaveLength(1);
    expect(await readdir(join(parent, 'disk'))).toEqual(['dataset']);

    await symlink('nowhere', join(parent, 'dangling'));
    await expect(
      prepareDataset({ folder, out: join(parent, 'dangling') }),
    ).rejects.toThrow(/dangling: is a broken link/);
  });
});

describe('strict preparation', () => {
  const strictly = async (
    files: Readonly<Record<string, string | Uint8Array | null>>,
  ) => {
    const folder = await scans(2);
    for (const [name, content] of Object.entries(files)) {
      if (content === null)
        await rename(
          join(folder, name),
          join(folder, `.${name.replace('/', '-')}`),
        );
      else await writeFile(join(folder, name), content);
    }
    const out = join(await temporaryFolder(), 'out');
    const work = prepareDataset({ folder, out, strict: true });
    const problem = await work.then(
      () => 'nothing',
      (error: unknown) => String(error),
    );
    const loose = await prepareDataset({ folder, out });
    return { problem, loose };
  };
  const cut = (name: string) =>
    [
      name,
      Buffer.from(sliceFile({ series: '1.2.3.1' })).subarray(0, -8),
    ] as const;

  it('lets pass what loses nothing', async () => {
    const { problem, loose } = await strictly({ 'notes.txt': 'mine' });
    expect(problem).toBe('nothing');
    expect(loose.source.counts.scans).toBe(2);
  });

  it.each(['<LidcReadMessage', ''])(
    'ends at an XML that does not parse: %j',
    async (text) => {
      const { problem, loose } = await strictly({ 'b.xml': text });
      expect(problem).toMatch(
        /^StrictError: 1 file cannot be read, and strict preparation was asked for; the first: b\.xml: /,
      );
      expect(loose.source.counts.unreadable).toBe(1);
    },
  );

  it('ends at a scan whose slices are all damaged, which fails otherwise', async () => {
    const names = Array.from({ length: 8 }, (_, z) => `1/${z}.dcm`);
    const { problem, loose } = await strictly(
      Object.fromEntries(names.map(cut)),
    );
    expect(problem).toMatch(
      /8 files cannot be read, .*; the first: 1\/0\.dcm: is cut short/,
    );
    expect({ ...loose.source.counts, ...loose.counts }).toMatchObject({
      scans: 1,
      failedScans: 1,
      scansWithoutImages: 0,
    });
    expect(loose.source.failures[0]).toMatchObject({
      file: '1/a.xml',
      scan: '1.2.3.1',
    });
    expect(loose.source.failures[0]?.message).toMatch(
      /^none of its 8 slices can be read, the first because 1\/0\.dcm: is cut short/,
    );
  });

  it('ends at one of which not even the headers can be read', async () => {
    const names = Array.from(
      { length: 8 },
      (_, z) => [`1/${z}.dcm`, Buffer.alloc(600)] as const,
    );
    const { problem, loose } = await strictly(Object.fromEntries(names));
    expect(problem).toMatch(/8 files cannot be read/);
    expect(loose.source.failures[0]?.message).toMatch(
      /^none of its slices can be read, and neither can 8 DICOM files beside its annotations, the first because 1\/0\.dcm/,
    );
  });

  it('ends at a single damaged slice of many', async () => {
    const { problem } = await strictly(Object.fromEntries([cut('1/7.dcm')]));
    expect(problem).toMatch(/1 file cannot be read/);
  });

  it('ends at a scan without images, unless patients are named', async () => {
    const xml = lidcXml([[]], '1.2.3.9');
    const { problem, loose } = await strictly({ 'b.xml': xml });
    expect(problem).toMatch(
      /^StrictError: b\.xml: there are no images of scan 1\.2\.3\.9/,
    );
    expect(loose.source.counts.scansWithoutImages).toBe(1);
  });

  it('ends at a nodule that is left out', async () => {
    const regions = [{ z: 500, points: square(5, 5, 4) }];
    const xml = lidcXml(
      [[{ ratings: ratingsOf({ malignancy: 4 }), regions }]],
      '1.2.3.1',
    );
    const { problem, loose } = await strictly({ '1/a.xml': xml });
    expect(problem).toMatch(
      /^StrictError: 1\/a\.xml: nodule .* is left out: the series lacks the slices/,
    );
    expect(loose.source.counts.leftOut).toBe(1);
  });
});

const compiled = fileURLToPath(
  new URL('../../../../dist/node/index.js', import.meta.url),
);

describe.skipIf(!existsSync(compiled))(
  `threads (skipped where ${compiled} is not built)`,
  () => {
    /** Runs the compiled package, which has threads, in a process of its own. */
    const prepareIn = (
      script: string,
    ): Promise<{ readonly signal: string | null; readonly text: string }> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [
          '--input-type=module',
          '-e',
          `import { prepareDataset } from ${JSON.stringify(compiled)};\n${script}`,
        ]);
        let text = '';
        child.stderr.on('data', (part: Buffer) => {
          text += part.toString();
        });
        child.on('exit', (_code, signal) => {
          resolve({ signal, text });
        });
      });

    it('end with an error, and do not wait for ever, when more tasks fail than there are threads', async () => {
      const folder = await scans(32);
      const parent = await temporaryFolder();
      const options = JSON.stringify({
        folder,
        out: join(parent, 'out'),
        workers: 2,
      });
      const failed = await prepareIn(
        // A thread that writes into the folder while it is being removed makes removing fail, which is not what is tried here.
        `import { rmSync } from 'node:fs';
        const work = prepareDataset({ ...${options}, onProgress: () => {
          rmSync(${JSON.stringify(join(parent, '.out.partial'))}, { recursive: true, force: true, maxRetries: 20, retryDelay: 5 });
        } });
        await work.catch((error) => console.error('failed:', error.message));`,
      );
      expect(failed.signal).toBeNull();
      expect(failed.text).toMatch(
        /^failed: .*\.readings: cannot be written: its folder .* was removed in the meantime \(ENOENT\)/,
      );
    });

    it('make the same bytes, also after the process was killed', async () => {
      const folder = await scans(9);
      const parent = await temporaryFolder();
      await prepareDataset({ folder, out: join(parent, 'whole') });
      const out = join(parent, 'out');
      const options = JSON.stringify({ folder, out, workers: 3 });
      const killed = await prepareIn(
        `await prepareDataset({ ...${options}, onProgress: ({ stage, done }) => {
          if (stage === 'scans' && done === 4) process.kill(process.pid, 'SIGKILL');
        } });`,
      );
      expect(killed).toEqual({ signal: 'SIGKILL', text: '' });
      expect(existsSync(out)).toBe(false);
      const kept = await readdir(join(parent, '.out.partial'));
      expect(kept.length).toBeGreaterThan(4);
      const finished = await prepareIn(`await prepareDataset(${options});`);
      expect(finished).toEqual({ signal: null, text: '' });
      expect(await contentOf(out)).toEqual(
        await contentOf(join(parent, 'whole')),
      );
      expect((await readdir(parent)).sort()).toEqual(['out', 'whole']);
    });
  },
);
