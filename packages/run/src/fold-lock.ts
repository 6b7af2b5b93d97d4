import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { ClipLungError, fileLimits } from '@clip-lung/tensor';
import {
  createFileAtomic,
  FileWriteError,
  isMissing,
  readFileUpTo,
  writeFileAtomic,
} from '@clip-lung/tensor/node';

import {
  describeHolder,
  type Holder,
  holderSchema,
  stateOf,
  thisProcess,
} from './holder.js';
import { MissingRunFileError } from './error.js';
import { lockFile } from './paths.js';

/** A fold that another process trains. */
export class FoldLockedError extends ClipLungError {
  readonly code = 'fold-locked';

  constructor(
    readonly file: string,
    problem: string,
  ) {
    super(`${file}: ${problem}`);
  }
}

/** How a lock shows that its holder lives, and how long others wait for that. */
export interface LockTimes {
  /** milliseconds between two signs of life. Default 10 s */
  readonly beat?: number;
  /** milliseconds without one after which a lock of another machine is taken over. Default 2 min */
  readonly stale?: number;
  /** milliseconds in which another that takes the same stale lock over would show. Default 0.3 s */
  readonly settle?: number;
}

/** Milliseconds. */
const longestSilence = 120_000;

export interface LockOptions extends LockTimes {
  /** is told of a lock that is taken over, or waited for */
  readonly onNote?: (message: string) => void;
  /** stops waiting */
  readonly signal?: AbortSignal | undefined;
}

/** A fold that this process alone may train. */
export interface FoldLock {
  readonly file: string;
  /**
   * Before anything is written: a process that was held up for long may have been taken for dead.
   *
   * @throws {@link FoldLockedError} when another has taken the lock over, `MissingRunFileError` when the run's folder is gone
   */
  expectHeld(): Promise<void>;
  /** @throws `FileWriteError` where the system refuses; whoever comes next takes the lock over */
  release(): Promise<void>;
}

interface FoundLock {
  /** undefined for a file that is damaged, or not a lock */
  readonly holder: Holder | undefined;
  readonly bytes: string;
  /** last sign of life, milliseconds by the file system's clock */
  readonly beat: number;
}

/**
 * Locks a fold of a run for this process: `fold-0.lock` in the run's folder, which is made. Its holder shows that it lives by
 * writing the file again and again. A lock is taken over when its process is dead, which is known on the same machine; of another
 * machine's, when there was no sign of life for two minutes by the clock of the file system, which all machines share.
 *
 * @param run the run's folder
 * @throws {@link FoldLockedError} that says which process holds it; `FileWriteError` where nothing can be written
 */
export async function lockFold(
  run: string,
  fold: number,
  options: LockOptions = {},
): Promise<FoldLock> {
  const { stale = longestSilence, settle = 300, onNote, signal } = options;
  const file = lockFile(run, fold);
  const own = thisProcess(randomBytes(16).toString('hex'));
  const text = `${JSON.stringify(own)}\n`;
  let watched: FoundLock | undefined;
  for (;;) {
    signal?.throwIfAborted();
    if (await createFileAtomic(file, text)) break;
    const found = await readLock(file);
    if (found === undefined) continue;
    const age = (await clockOf(file)) - found.beat;
    const state =
      found.holder === undefined ? 'unknown' : stateOf(found.holder);
    if (state === 'dead' || (state === 'unknown' && age > stale)) {
      onNote?.(`${file}: ${whoOf(found)} is gone; its lock is taken over`);
      await writeFileAtomic(file, text);
      // Whoever else found it stale has written by then, and the last one has it.
      await wait(settle);
      if (await isOwn(file, own)) break;
      continue;
    }
    const isNews = watched !== undefined && watched.bytes === found.bytes;
    if (state === 'alive' || (isNews && watched?.beat !== found.beat)) {
      throw new FoldLockedError(
        file,
        `fold ${fold} is being trained by ${whoOf(found)}; wait for it, or choose another fold or folder`,
      );
    }
    if (!isNews) {
      onNote?.(
        `${file}: fold ${fold} was locked by ${whoOf(found)}, last heard of ${seconds(age)} ago; waiting for a sign of life, ${seconds(stale)} at most`,
      );
    }
    watched = found;
    await wait(Math.min(1000, stale / 10), undefined, { signal });
  }
  return heldLock({ file, run, fold }, own, options);
}

function heldLock(
  {
    file,
    run,
    fold,
  }: { readonly file: string; readonly run: string; readonly fold: number },
  own: Holder,
  { beat = 10_000 }: LockTimes,
): FoldLock {
  const beating = setInterval(() => {
    // A sign that fails is missed by others; whether the lock is still held is asked before anything is written.
    giveSign(file, own).catch(() => undefined);
  }, beat);
  beating.unref();
  return {
    file,
    async expectHeld() {
      if (await giveSign(file, own)) return;
      const found = await readLock(file);
      if (found === undefined && !existsSync(run)) {
        throw new MissingRunFileError(
          run,
          `was removed or renamed while fold ${fold} was being trained; nothing more is written. Put it back, and go on with --resume`,
        );
      }
      throw new FoldLockedError(
        file,
        `this process was taken for dead, and ${found === undefined ? 'its lock was removed' : `${whoOf(found)} has taken its fold over`}; nothing more is written. Go on with --resume when that one has ended`,
      );
    },
    async release() {
      clearInterval(beating);
      if (!(await isOwn(file, own))) return;
      try {
        await rm(file, { force: true });
      } catch (error) {
        throw new FileWriteError(file, error);
      }
    },
  };
}

/** Writes the lock's first byte again, which sets its time by the file system's clock. @returns whether the lock is held */
async function giveSign(file: string, own: Holder): Promise<boolean> {
  if (!(await isOwn(file, own))) return false;
  try {
    const handle = await open(file, 'r+');
    try {
      await handle.write('{', 0);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw new FileWriteError(file, error);
  }
}

/** Who trains a fold, or did when it was killed. */
export interface FoldHolder {
  /** undefined where the lock is damaged */
  readonly host: string | undefined;
  /** false when the process is dead, or, on another machine, has given no sign of life for two minutes by this machine's clock */
  readonly lives: boolean;
}

/**
 * Who holds a fold's lock, as far as can be told by reading alone; undefined for a fold that nobody trains.
 *
 * @throws `FileReadError`
 */
export async function foldHolder(
  run: string,
  fold: number,
  { stale = longestSilence }: LockTimes = {},
): Promise<FoldHolder | undefined> {
  const found = await readLock(lockFile(run, fold));
  if (found === undefined) return undefined;
  const { holder, beat } = found;
  const state = holder === undefined ? 'unknown' : stateOf(holder);
  return {
    host: holder?.host,
    lives:
      state === 'alive' || (state === 'unknown' && Date.now() - beat <= stale),
  };
}

/** Whether a process holds a lock, as far as can be told from here. */
export async function isHeld(file: string): Promise<boolean> {
  const found = await readLock(file);
  if (found === undefined) return false;
  return found.holder === undefined || stateOf(found.holder) !== 'dead';
}

async function isOwn(file: string, own: Holder): Promise<boolean> {
  return (await readLock(file))?.holder?.token === own.token;
}

async function readLock(file: string): Promise<FoundLock | undefined> {
  try {
    const bytes = (await readFileUpTo(file, fileLimits.jsonBytes)).toString(
      'utf8',
    );
    const { mtimeMs: beat } = await stat(file);
    return { holder: holderIn(bytes), bytes, beat };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function holderIn(text: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The file system's own time, as a file that is written now has it. */
async function clockOf(beside: string): Promise<number> {
  const name = `.${basename(beside)}.${randomBytes(6).toString('hex')}.tmp`;
  const file = join(dirname(beside), name);
  try {
    const handle = await open(file, 'wx');
    try {
      await handle.write('.', 0);
      return (await handle.stat()).mtimeMs;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new FileWriteError(file, error);
  } finally {
    await rm(file, { force: true });
  }
}

function whoOf({ holder }: FoundLock): string {
  return holder === undefined
    ? 'an unknown process (the lock is damaged)'
    : describeHolder(holder);
}

function seconds(milliseconds: number): string {
  return `${Math.max(0, Math.round(milliseconds / 1000))} s`;
}
