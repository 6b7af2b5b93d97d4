import { spawn } from 'node:child_process';
import { open, type FileHandle } from 'node:fs/promises';
import { constants, hostname } from 'node:os';

import { FileWriteError } from '@clip-lung/tensor/node';

import { type ExitRecord, taskExitCodes } from '../exit-record.js';
import { startMark } from '../job-files.js';
import type { Watchdog } from './watchdog.js';

export interface Command {
  /** program and arguments */
  readonly words: readonly [string, ...string[]];
  /** what it writes is appended to this file */
  readonly log: string;
  readonly restarts: number;
  /** passed on as SIGTERM, once */
  readonly signal: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
  readonly watchdog: Watchdog;
}

type End = Pick<ExitRecord, 'code' | 'signal'>;

/**
 * Runs a command to its end.
 *
 * @returns how it ended. Where it has let the passed-on SIGTERM end it, because it had not come to listen yet, say, that is a stop
 * @throws `FileWriteError` where the log cannot be written
 */
export async function runCommand(command: Command): Promise<End> {
  const { log, restarts, signal } = command;
  const file = await writing(log, open(log, 'a'));
  try {
    const again = restarts === 0 ? '' : `, restart ${restarts}`;
    const line = `${startMark}${new Date().toISOString()} on ${hostname()}${again}\n`;
    await writing(log, file.appendFile(line));
    const end = await ended(command, file);
    const isStop =
      signal.aborted &&
      (end.signal === 'SIGTERM' ||
        end.code === 128 + constants.signals.SIGTERM);
    return isStop ? { ...end, code: taskExitCodes.stopped } : end;
  } finally {
    await file.close();
  }
}

function ended(
  { words: [program, ...args], signal, environment, watchdog }: Command,
  log: FileHandle,
): Promise<End> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      // A group of its own: the terminal's Ctrl-C goes to the launcher alone. A task that got both would take the second signal,
      // the one that is passed on, for an order to end at once.
      detached: process.platform !== 'win32',
      stdio: ['ignore', log.fd, log.fd],
      env: environment,
    });
    const { pid } = child;
    if (pid !== undefined) watchdog.watch(pid);
    const pass = (): void => {
      child.kill('SIGTERM');
    };
    if (signal.aborted) pass();
    else signal.addEventListener('abort', pass, { once: true });
    const settle = (): void => {
      signal.removeEventListener('abort', pass);
      if (pid !== undefined) watchdog.forget(pid);
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      // One that runs, and could not be signalled, is waited for.
      if (pid !== undefined) return;
      settle();
      log
        .appendFile(`error: ${program} cannot be started: ${error.message}\n`)
        // As shells have it.
        .then(() => {
          resolve({ code: error.code === 'ENOENT' ? 127 : 126, signal: null });
        })
        .catch(reject);
    });
    child.on('exit', (code, by) => {
      settle();
      resolve(
        by === null
          ? { code: code ?? 0, signal: null }
          : { code: 128 + constants.signals[by], signal: by },
      );
    });
  });
}

async function writing<T>(file: string, step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw new FileWriteError(file, error);
  }
}
