import { type ExitRecord, readExit, taskExitCodes } from './exit-record.js';
import { logFile } from './job-files.js';
import { lastError } from './last-error.js';

/** How a task ended last, and what its log says of it. */
export interface Outcome extends ExitRecord {
  /** path of the log */
  readonly log: string;
  /** the last line of the log that begins with `error: `, else its last line; undefined for a task that is done, or an empty log */
  readonly lastError: string | undefined;
}

/** `done`; `stopped`: saved, and to be started again; `busy`: left to another process that does it; `failed`. */
export type EndState = 'done' | 'stopped' | 'busy' | 'failed';

export function endState({ code }: Pick<ExitRecord, 'code'>): EndState {
  switch (code) {
    case taskExitCodes.done:
      return 'done';
    case taskExitCodes.stopped:
      return 'stopped';
    case taskExitCodes.busy:
      return 'busy';
    default:
      return 'failed';
  }
}

/**
 * How a task ended last; undefined for one that runs, was killed with its launcher, or was never started.
 *
 * @param jobs the jobs folder
 * @throws {@link JobFileError} for a damaged file; `FileReadError`
 */
export async function readOutcome(
  jobs: string,
  id: string,
): Promise<Outcome | undefined> {
  const record = await readExit(jobs, id);
  return record === undefined ? undefined : outcomeOf(jobs, id, record);
}

/** @throws `FileReadError` for a log that cannot be read */
export async function outcomeOf(
  jobs: string,
  id: string,
  record: ExitRecord,
): Promise<Outcome> {
  const log = logFile(jobs, id);
  const isDone = endState(record) === 'done';
  return {
    ...record,
    log,
    lastError: isDone ? undefined : await lastError(log),
  };
}
