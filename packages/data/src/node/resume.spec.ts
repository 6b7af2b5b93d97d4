import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { FileWriteError } from '@clip-lung/tensor/node';
import { describe, expect, it } from 'vitest';

import {
  folderOf,
  lidcXml,
  ratingsOf,
  sliceFile,
  square,
  temporaryFolder,
} from '../../test/synthetic.js';
import { InputError } from '../errors.js';
import { prepareDataset } from './prepare-dataset.js';
import { readDataset } from './read-dataset.js';

/** Scans of one nodule each. */
function scans(count: number): Promise<string> {
  const files: Record<string, string | Uint8Array> = {};
  for (let number = 1; number <= count; number++) {
    const series = `1.2.3.${number}`;
    const regions = [3, 4].map((z) => ({ z, points: square(5, 5, 4) }));
    const ratings = ratingsOf({ malignancy: 1 + (number % 5) });
    files[`${number}/a.xml`] = lidcXml([[{ ratings, regions }]], series);
    for (let z = 0; z < 8; z++) {
      files[`${number}/${z}.dcm`] = sliceFile({
        series,
        sop: `${series}.${z}`,
        patient: `LIDC-IDRI-${String(number).padStart(4, '0')}`,
        position: [0, 0, z],
        stored: (x, y) => (x * 37 + y * 11 + z * 5 + number) % 1000,
      });
    }
  }
  return folderOf(files);
}

async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const entries = names.map(
    async (name) =>
      [name, (await readFile(join(folder, name))).toString('latin1')] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

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

    // What is kept is used: the pixels of a finished scan are not asked for again.
    for (let z = 0; z < 8; z++) {
      const path = join(folder, '1', `${z}.dcm`);
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(0, bytes.length - 1152));
    }
    await prepareDataset({ folder, out });
    expect(await contentOf(out)).toEqual(
      await contentOf(join(parent, 'whole')),
    );
    expect((await readdir(parent)).sort()).toEqual(['out', 'whole']);
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
      expect(manifest.options.patients).toEqual(patients);
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
    expect((await prepareDataset({ folder, out })).counts.failedScans).toBe(1);
  });
});

const compiled = fileURLToPath(
  new URL('../../dist/node/index.js', import.meta.url),
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
        `import { rmSync } from 'node:fs';
        const work = prepareDataset({ ...${options}, onProgress: () => {
          rmSync(${JSON.stringify(join(parent, '.out.partial'))}, { recursive: true, force: true });
        } });
        await work.catch((error) => console.error('failed:', error.message));`,
      );
      expect(failed.signal).toBeNull();
      expect(failed.text).toMatch(/^failed: ENOENT: .*\.readings\./);
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
