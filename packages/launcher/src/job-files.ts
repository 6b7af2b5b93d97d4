import { join } from 'node:path';

/** What the task writes, appended start after start. @param jobs the jobs folder */
export function logFile(jobs: string, id: string): string {
  return join(jobs, `${id}.log`);
}

/** How the task ended. It is removed when the task starts. @param jobs the jobs folder */
export function exitFile(jobs: string, id: string): string {
  return join(jobs, `${id}.exit`);
}

/** What a line begins with that a launcher, and not the task, writes into a log at each start. */
export const startMark = '== started ';
