import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FoldLockedError, isHeld, lockFold } from './fold-lock.js';
import { type Holder, stateOf, thisProcess } from './holder.js';
import { lockFile } from './paths.js';

let run = '';
beforeEach(async () => {
  run = join(await mkdtemp(join(tmpdir(), 'lock-')), 'run');
});
afterEach(() => rm(join(run, '..'), { recursive: true }));

const quick = { beat: 20, stale: 400, settle: 50 };

/** A lock that somebody else has left or holds. */
async function leave(change: Partial<Holder>, age = 0): Promise<string> {
  const file = lockFile(run, 0);
  await mkdir(run, { recursive: true });
  await writeFile(
    file,
    JSON.stringify({ ...thisProcess('theirs'), ...change }),
  );
  const when = new Date(Date.now() - age);
  await utimes(file, when, when);
  return file;
}

/** The number of a process that has ended. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  return child.pid ?? NaN;
}

describe('the lock of a fold', () => {
  it('is held by one, and goes with it', async () => {
    const lock = await lockFold(run, 0, quick);
    await lock.expectHeld();
    expect(await isHeld(lock.file)).toBe(true);
    const second = lockFold(run, 0, quick);
    await expect(second).rejects.toThrow(FoldLockedError);
    await expect(second).rejects.toThrow(
      new RegExp(
        `fold-0\\.lock: fold 0 is being trained by process ${process.pid} on \\S+, since .*; wait for it, or choose another fold or folder$`,
      ),
    );
    const other = await lockFold(run, 1, quick);
    await lock.release();
    await other.release();
    expect(await readdir(run)).toEqual([]);
  });

  it('is held by one of many that start at the same moment', async () => {
    for (let round = 0; round < 20; round++) {
      const tries = await Promise.allSettled(
        Array.from({ length: 8 }, () => lockFold(run, 0, quick)),
      );
      const held = tries.filter((one) => one.status === 'fulfilled');
      expect(held).toHaveLength(1);
      for (const one of held) await one.value.release();
    }
  });

  it('is taken over with a word from a process that has ended, by one of many', async () => {
    const pid = await endedPid();
    for (let round = 0; round < 10; round++) {
      await leave({ pid, began: '1' });
      const notes: string[] = [];
      const onNote = (note: string): void => void notes.push(note);
      const tries = await Promise.allSettled(
        Array.from({ length: 4 }, () => lockFold(run, 0, { ...quick, onNote })),
      );
      const held = tries.filter((one) => one.status === 'fulfilled');
      expect(held).toHaveLength(1);
      expect(notes[0]).toMatch(
        new RegExp(`process ${pid} on .* is gone; its lock is taken over$`),
      );
      for (const one of held) await one.value.release();
    }
  });

  it('of a process with a number that another has now is taken over', async () => {
    await leave({ began: '1' });
    await (await lockFold(run, 0, quick)).release();
    expect(await readdir(run)).toEqual([]);
  });

  it('of another machine is waited for, and taken over without a sign of life', async () => {
    await leave({ host: 'node-7' });
    const notes: string[] = [];
    const onNote = (note: string): void => void notes.push(note);
    const lock = await lockFold(run, 0, { ...quick, onNote });
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(/on node-7, .*waiting for a sign of life/);
    expect(notes[1]).toMatch(/is gone; its lock is taken over/);
    await lock.release();
  });

  it('of another machine is refused with a sign of life, by name', async () => {
    const file = await leave({ host: 'node-7' });
    const beating = setInterval(() => {
      const now = new Date();
      utimes(file, now, now).catch(() => undefined);
    }, 20);
    try {
      await expect(lockFold(run, 0, quick)).rejects.toThrow(
        /being trained by process \d+ on node-7/,
      );
    } finally {
      clearInterval(beating);
    }
  });

  it('that is damaged is taken over when it is old', async () => {
    const file = await leave({}, 60_000);
    await writeFile(file, '');
    await utimes(file, 1, 1);
    await (await lockFold(run, 0, quick)).release();
    expect(await readdir(run)).toEqual([]);
  });

  it('gives signs of life', async () => {
    const lock = await lockFold(run, 0, quick);
    await utimes(lock.file, 1, 1);
    const text = await readFile(lock.file, 'utf8');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await readFile(lock.file, 'utf8')).toBe(text);
    const { mtimeMs } = await stat(lock.file);
    expect(Date.now() - mtimeMs).toBeLessThan(60_000);
    await lock.release();
  });

  it('that was lost stops whoever had it before anything is written', async () => {
    const lock = await lockFold(run, 0, quick);
    await leave({ host: 'node-7' });
    await expect(lock.expectHeld()).rejects.toThrow(
      /taken for dead, and process \d+ on node-7, .* has taken its fold over; nothing more is written/,
    );
    await lock.release();
    expect(await readdir(run)).toEqual(['fold-0.lock']);
    await rm(lock.file);
    await expect(lock.expectHeld()).rejects.toThrow(/its lock was removed/);
  });
});

describe('a process', () => {
  it('is alive, dead, or unknown from elsewhere', async () => {
    const own = thisProcess('x');
    expect(stateOf(own)).toBe('alive');
    expect(stateOf({ ...own, began: '1' })).toBe('dead');
    expect(stateOf({ ...own, pid: await endedPid() })).toBe('dead');
    expect(stateOf({ ...own, host: 'node-7' })).toBe('unknown');
    expect(stateOf({ ...own, processes: 'another boot' })).toBe('unknown');
  });
});
