import { type ExitRecord, taskExitCodes } from './exit-record.js';

/** How often a task is started again at most, one time after another, without having got on. */
export const defaultRestartsWithoutProgress = 3;

/**
 * Whether a task that ended so is started again: one that was stopped and has saved, or was killed, by the system for want of
 * memory, say. What failed by itself would fail again.
 */
export function mayGoOn({
  code,
  signal,
}: Pick<ExitRecord, 'code' | 'signal'>): boolean {
  return code === taskExitCodes.stopped || signal === 'SIGKILL';
}

/** The line in the log of a task that is given up. @param restarts their number, or the shell's word for it */
export function givenUpLine(restarts: number | string): string {
  return `error: given up after ${restarts} restarts in which no progress file changed; what the lines above say has to be mended first`;
}
