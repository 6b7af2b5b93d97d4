import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { isMissing, temporaryFile } from '@clip-lung/tensor/node';

import { isHeld } from './fold-lock.js';
import { foldPaths, lockFile, lockName, runPaths } from './paths.js';

/** What the trainer writes: while a fold's lock is held, nobody else does. */
const ofTrainer =
  /^\.(?:experiment\.json|fold-\d+\.lock|metrics\.jsonl|predictions\.(?:csv|json)|(?:last|best)\.(?:safetensors|json))\./;

const kept = /^[0-9a-f]{16}$/;
const keptTemporary = /^\.[0-9a-f]{16}\.[0-9a-f]{12}\.tmp$/;

/** Longer than anything that is written without a lock takes, milliseconds. */
const old = 600_000;

/**
 * Whether a folder may become a run: it is not there, is empty, or holds nothing but what a start leaves that was killed
 * before there was a record.
 *
 * @throws the file system's own error for what is not a folder
 */
export async function isNewRun(run: string): Promise<boolean> {
  const names = await namesIn(run);
  const plugins = runPaths(run).plugins;
  if (names.some((name) => join(run, name) === plugins)) {
    const found = await namesIn(plugins);
    const ours = (name: string): boolean =>
      kept.test(name) || keptTemporary.test(name);
    if (!found.every(ours)) return false;
  }
  return names.every(
    (name) =>
      join(run, name) === plugins ||
      lockName.test(name) ||
      (temporaryFile.test(name) && ofTrainer.test(name)),
  );
}

/**
 * Removes the temporary files of processes that were killed while they wrote.
 *
 * @param folds those whose locks this process holds
 */
export async function clearLeftBehind(
  run: string,
  folds: readonly number[],
): Promise<void> {
  for (const fold of folds) {
    const { folder, checkpoints } = foldPaths(run, fold);
    for (const place of [folder, checkpoints]) {
      await clear(place, await temporariesIn(place, temporaryFile));
    }
  }
  const { plugins } = runPaths(run);
  const files = await temporariesIn(run, temporaryFile);
  const keptOnes = await temporariesIn(plugins, keptTemporary);
  // Afterwards: whoever has written one of these, and lives, still has its lock, or has it no more and has renamed the file.
  const own = folds.map((fold) => lockFile(run, fold));
  const locks = (await namesIn(run))
    .filter((name) => lockName.test(name))
    .map((name) => join(run, name))
    .filter((file) => !own.includes(file));
  for (const lock of locks) if (await isHeld(lock)) return;
  await clear(run, files);
  for (const name of keptOnes) await remove(join(plugins, name));
}

/** The trainer's own go at once, those of others when they are old: a run may be evaluated while it is trained. */
async function clear(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const file = join(folder, name);
    if (ofTrainer.test(name) || (await ageOf(file)) > old) await remove(file);
  }
}

async function ageOf(file: string): Promise<number> {
  try {
    return Date.now() - (await stat(file)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

async function temporariesIn(
  folder: string,
  pattern: RegExp,
): Promise<readonly string[]> {
  return (await namesIn(folder)).filter((name) => pattern.test(name));
}

/** What is in a folder; nothing where there is none. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error && error.code;
    if (code === 'ENOENT') return [];
    throw error;
  }
}
