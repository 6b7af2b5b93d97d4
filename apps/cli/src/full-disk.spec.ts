import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, smallExperiment } from '../test/clip-lung.js';

// What is injected into the file system in the trainer's disk.spec.ts, on a disk that is really full.
describe.skipIf(!mayMount())(
  'on a disk of its own (skipped where a tmpfs may not be mounted)',
  () => {
    it('a training that fills it names the file, exits with 1, and goes on when it is larger', async () => {
      // Two checkpoints of 180 KB fit, and the third, which is written beside the one that it replaces, does not.
      mount('size=480k');
      const full = await train();
      expect(full.code).toBe(1);
      expect(full.err).toMatch(
        /error: .*\/run\/fold-0\/checkpoints\/last\.safetensors: cannot be written: no space is left on the disk; free some, and run it again \(ENOSPC\); what was saved before is whole, and --resume goes on from there\n$/,
      );
      mount('remount,size=8m');
      expect(await train('--resume')).toMatchObject({ code: 0 });
      expect(await results(at('disk/run'))).toEqual(await results(at('whole')));
    });

    it('so does one whose disk can only be read from any more', async () => {
      mount('size=8m');
      const last = at('disk/run/fold-0/checkpoints/last.json');
      const watching = setInterval(() => {
        if (!existsSync(last)) return;
        if (!/"step": [3-9]/.test(readFileSync(last, 'utf8'))) return;
        clearInterval(watching);
        mount('remount,ro');
      }, 2);
      const { code, err } = await train();
      clearInterval(watching);
      expect(code).toBe(1);
      expect(err).toMatch(
        /error: .*\/run\/.*: cannot be written: the disk is mounted for reading only; make it writable, or choose another \(EROFS\); what was saved before is whole/,
      );
      expect(existsSync(at('disk/run/fold-0.lock'))).toBe(true);
      mount('remount,rw');
      // As after the process has ended, which here lives on.
      await rm(at('disk/run/fold-0.lock'));
      expect(await train('--resume')).toMatchObject({ code: 0 });
      expect(await results(at('disk/run'))).toEqual(await results(at('whole')));
    });

    it('an evaluation names its summary, and does without where nothing may be written', async () => {
      mount('size=8m');
      await train();
      fill(at('disk/filler'));
      const { code, err } = await clipLung('evaluate', at('disk/run'));
      expect(code).toBe(1);
      expect(err).toMatch(
        /error: .*\/run\/summary\.json: cannot be written: no space is left on the disk; free some, and run it again \(ENOSPC\)\n$/,
      );
      expect(existsSync(at('disk/run/summary.json'))).toBe(false);
      await rm(at('disk/filler'));
      mount('remount,ro');
      const archived = await clipLung('evaluate', at('disk/run'));
      expect(archived.code).toBe(0);
      expect(archived.out).toMatch(/^accuracy/m);
      expect(archived.err).toMatch(/\(EROFS\); the figures are only printed/);
      mount('remount,rw');
      expect(await clipLung('evaluate', at('disk/run'))).toMatchObject({
        code: 0,
        err: '',
      });
    });

    it('a training that cannot begin leaves nothing', async () => {
      mount('size=8m');
      fill(at('disk/filler'));
      const { code, err } = await train();
      expect(code).toBe(1);
      expect(err).toMatch(/run\/fold-0\.lock: cannot be written: no space/);
      await rm(at('disk/filler'));
      expect(await train()).toMatchObject({ code: 0 });
    });
  },
);

function train(...more: readonly string[]) {
  return clipLung(
    ...['train', at('small.json'), '--data', at('dataset'), '--fold', '0'],
    ...['--out', at('disk/run'), ...more],
  );
}

async function results(run: string): Promise<readonly string[]> {
  const files = [
    'predictions.csv',
    'checkpoints/last.safetensors',
    'checkpoints/best.safetensors',
  ];
  return Promise.all(
    files.map((file) => readFile(join(run, 'fold-0', file), 'base64')),
  );
}

/** Takes all that is left of a disk. */
function fill(file: string): void {
  for (let size = 2 ** 20; size >= 1; size >>= 1) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

/** An empty disk in place of the last one, or that one with other options. */
function mount(options: string): void {
  if (options.startsWith('remount')) {
    execFileSync('mount', ['-o', options, at('disk')]);
    return;
  }
  unmount(at('disk'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at('disk')]);
}

function unmount(folder: string): void {
  if (readFileSync('/proc/mounts', 'utf8').includes(` ${folder} `)) {
    execFileSync('umount', [folder]);
  }
}

function mayMount(): boolean {
  const folder = join(tmpdir(), `may-mount-${process.pid}`);
  try {
    execFileSync('mkdir', [folder]);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], {
      stdio: 'ignore',
    });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'full-disk-'));
  await mkdir(at('disk'));
  const training = { epochs: 3, batchSize: 4, checkpointSteps: 1 };
  const experiment = { ...smallExperiment, training };
  await writeFile(at('small.json'), JSON.stringify(experiment));
  await clipLung('phantom', at('lidc'), '--patients', '10', '--matrix', '64');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  await clipLung(
    ...['train', at('small.json'), '--data', at('dataset'), '--fold', '0'],
    ...['--out', at('whole')],
  );
}, 120_000);
afterAll(async () => {
  if (existsSync('/proc/mounts')) unmount(at('disk'));
  await rm(folder, { recursive: true });
});
