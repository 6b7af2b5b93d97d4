import {
  mkdir,
  mkdtemp,
  readdir,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { lockFold } from './fold-lock.js';
import { clearLeftBehind, isNewRun } from './left-behind.js';

let run = '';
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'left-'));
});
afterEach(() => rm(run, { recursive: true, force: true }));

const hex = '0123456789ab';
const id = 'a1'.repeat(8);

async function put(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const file = join(run, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '');
  }
}

async function found(): Promise<readonly string[]> {
  const names = await readdir(run, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(run.length + 1))
    .sort();
}

describe('a folder may become a run', () => {
  it.each([
    ['that is empty', []],
    ['with the plugins of a start that was killed', [`plugins/${id}/x.ts`]],
    ['with half a plugin', [`plugins/.${id}.${hex}.tmp/x.ts`]],
    ['with half a record', [`.experiment.json.${hex}.tmp`]],
    ['with a lock', ['fold-3.lock', `.fold-3.lock.${hex}.tmp`]],
  ])('%s', async (_, names) => {
    await put(...names);
    expect(await isNewRun(run)).toBe(true);
  });

  it('that is not there', async () => {
    expect(await isNewRun(join(run, 'none'))).toBe(true);
  });

  it.each([
    ['with a record', ['experiment.json']],
    ['with notes', ['notes.txt']],
    ['with plugins of somebody else', ['plugins/mine.ts']],
    ['with a temporary file of another program', [`.notes.${hex}.tmp`]],
  ])('but not one %s', async (_, names) => {
    await put(...names);
    expect(await isNewRun(run)).toBe(false);
  });
});

describe('what killed processes left behind', () => {
  const theirs = [
    `fold-1/.metrics.jsonl.${hex}.tmp`,
    `fold-1/checkpoints/.last.safetensors.${hex}.tmp`,
  ];
  const own = [
    `fold-0/.metrics.jsonl.${hex}.tmp`,
    `fold-0/.predictions.csv.${hex}.tmp`,
    `fold-0/checkpoints/.best.safetensors.${hex}.tmp`,
  ];
  const common = [
    `.experiment.json.${hex}.tmp`,
    `plugins/.${id}.${hex}.tmp/x.ts`,
  ];
  const kept = [
    'experiment.json',
    'fold-0/metrics.jsonl',
    'fold-0/.notes.tmp',
    `plugins/${id}/x.ts`,
  ];

  it('goes, in the folds that are locked and in the run; all else stays', async () => {
    await put(...theirs, ...own, ...common, ...kept);
    await clearLeftBehind(run, [0]);
    expect(await found()).toEqual([...kept, ...theirs].sort());
  });

  it('stays in the run while another fold is trained, which may write it', async () => {
    await put(...own, ...common, ...kept);
    const lock = await lockFold(run, 1);
    await clearLeftBehind(run, [0]);
    await lock.release();
    expect(await found()).toEqual([...kept, ...common].sort());
  });

  it('of an evaluation goes when it is old: it may be going on', async () => {
    const young = `fold-0/.predictions-by-texts.csv.${hex}.tmp`;
    const old = `fold-0/.predictions-by-texts.csv.${'f'.repeat(12)}.tmp`;
    await put(young, old);
    await utimes(join(run, old), 1, 1);
    await clearLeftBehind(run, [0]);
    expect(await found()).toEqual([young]);
  });
});
