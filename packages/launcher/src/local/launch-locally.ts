import { appendFile, mkdir, rm } from 'node:fs/promises';

import { checkCount } from '@clip-lung/tensor';
import { FileWriteError } from '@clip-lung/tensor/node';

import { writeExit } from '../exit-record.js';
import { exitFile, logFile } from '../job-files.js';
import {
  type EndState,
  endState,
  type Outcome,
  outcomeOf,
} from '../outcome.js';
import { progressOf } from '../progress.js';
import {
  defaultRestartsWithoutProgress,
  givenUpLine,
  mayGoOn,
} from '../restart-rule.js';
import { checkProgram, checkTasks, type Task } from '../task.js';
import { runCommand } from './run-command.js';
import { startWatchdog, type Watchdog } from './watchdog.js';

export type LaunchEvent =
  | {
      readonly kind: 'start';
      readonly task: Task;
      readonly log: string;
      /** 0 when it is started first */
      readonly restarts: number;
    }
  | { readonly kind: 'end'; readonly task: Task; readonly outcome: Outcome };

/** What a task came to. */
export type LocalResult =
  | {
      readonly task: Task;
      readonly state: EndState;
      readonly outcome: Outcome;
    }
  | { readonly task: Task; readonly state: 'not-started' };

export interface LocalLaunch {
  readonly tasks: readonly Task[];
  /** the program's path or name, and what follows it in every task; run in this process's working folder */
  readonly program: readonly string[];
  /** the jobs folder, which is made */
  readonly jobs: string;
  /** how many tasks run at a time */
  readonly processes: number;
  /** whether the first failure keeps others from being started, and stops softly those that run. Default false */
  readonly failFast?: boolean;
  /** stops softly: every task is sent SIGTERM once, and waited for, so that it can save */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: LaunchEvent) => void;
  /** added to this process's environment variables: how many threads a task may take, say */
  readonly environment?: Readonly<Record<string, string>>;
  /** restarts one after another in which no progress file changed, after which a task is given up. Default 3 */
  readonly restartsWithoutProgress?: number;
}

/**
 * Runs tasks on this machine, some at a time. A task that exits with 75 or is killed is started again while that brings progress.
 * What it has started does not outlive it: when this process is killed, tasks are sent SIGTERM.
 *
 * @returns what each task came to, in the tasks' order
 * @throws {@link TaskError} for tasks that cannot be started; `ShapeError` for a wrong number of processes; `FileWriteError` or
 *   `FileReadError`, after running tasks were stopped softly
 */
export async function launchLocally(
  launch: LocalLaunch,
): Promise<readonly LocalResult[]> {
  const { tasks, program, jobs, processes, failFast = false } = launch;
  checkTasks(tasks);
  checkProgram(program);
  checkCount('processes', processes);
  await mkdir(jobs, { recursive: true }).catch((error: unknown) => {
    throw new FileWriteError(jobs, error);
  });
  const stop = new AbortController();
  const signal =
    launch.signal === undefined
      ? stop.signal
      : AbortSignal.any([stop.signal, launch.signal]);
  const watchdog = startWatchdog();
  const results = tasks.map(
    (task): LocalResult => ({ task, state: 'not-started' }),
  );
  const waiting = tasks.entries();
  const work = async (): Promise<void> => {
    for (const [index, task] of waiting) {
      if (signal.aborted) return;
      const outcome = await runTask(task, launch, signal, watchdog);
      const state = endState(outcome);
      results[index] = { task, state, outcome };
      if (failFast && state === 'failed') stop.abort();
    }
  };
  const workers = Array.from(
    { length: Math.min(processes, tasks.length) },
    () =>
      work().catch((error: unknown) => {
        stop.abort();
        throw error;
      }),
  );
  try {
    for (const settled of await Promise.allSettled(workers)) {
      if (settled.status === 'rejected') throw settled.reason;
    }
  } finally {
    watchdog.close();
  }
  return results;
}

async function runTask(
  task: Task,
  launch: LocalLaunch,
  signal: AbortSignal,
  watchdog: Watchdog,
): Promise<Outcome> {
  const { program, jobs, onEvent, environment } = launch;
  const { restartsWithoutProgress = defaultRestartsWithoutProgress } = launch;
  const { id } = task;
  const log = logFile(jobs, id);
  const [first = '', ...rest] = program;
  let progress = await progressOf(task.progress);
  for (let restarts = 0, inVain = 0; ; restarts++) {
    await removeExit(jobs, id);
    onEvent?.({ kind: 'start', task, log, restarts });
    let end = await runCommand({
      words: [first, ...rest, ...task.args],
      ...{ log, restarts, signal, watchdog },
      environment: { ...process.env, ...environment },
    });
    if (mayGoOn(end) && !signal.aborted) {
      const now = await progressOf(task.progress);
      inVain = now === progress ? inVain + 1 : 0;
      progress = now;
      if (inVain <= restartsWithoutProgress) continue;
      await appendFile(log, `${givenUpLine(restartsWithoutProgress)}\n`);
      end = { ...end, code: 1 };
    }
    const record = await writeExit(jobs, id, { ...end, restarts });
    const outcome = await outcomeOf(jobs, id, record);
    onEvent?.({ kind: 'end', task, outcome });
    return outcome;
  }
}

async function removeExit(jobs: string, id: string): Promise<void> {
  const file = exitFile(jobs, id);
  await rm(file, { force: true }).catch((error: unknown) => {
    throw new FileWriteError(file, error);
  });
}
