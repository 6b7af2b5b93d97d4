import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

import { slurmClusterName } from '../src/slurm/cluster-name.js';
import { queuedTasks } from '../src/slurm/queued-tasks.js';

/**
 * Whether the cluster that `tools/check/slurm-node.sh` starts is up. Nothing is submitted to any other, whose users would have to wait
 * for it.
 */
export async function hasSlurmNode(): Promise<boolean> {
  const isUp = (await slurmClusterName()) === 'check';
  if (!isUp) {
    console.log(
      'no Slurm cluster of one node is up, so its tests are skipped; tools/check/slurm-node.sh starts one',
    );
  }
  return isUp;
}

/** Runs a command of Slurm. @returns what it writes, without the last line break */
export function slurm(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, {
    ...{ timeout: 20_000, encoding: 'utf8', stdio: 'pipe' },
  }).trimEnd();
}

/** Waits until the queue has none of the tasks of a jobs folder any more. What Slurm holds back after a requeue is let go at once. */
export async function untilQueueIsEmpty(jobs: string): Promise<void> {
  for (;;) {
    const queued = await queuedTasks(jobs);
    if (queued.tasks === undefined) throw new Error(queued.reason);
    if (queued.tasks.size === 0) return;
    hurry();
    await wait(300);
  }
}

function hurry(): void {
  const lines = slurm('squeue', '-h', '-r', '-t', 'PD', '-o', '%F_%K %r');
  for (const line of lines.split('\n')) {
    const [job = '', reason] = line.split(' ');
    if (reason !== 'BeginTime') continue;
    try {
      slurm('scontrol', 'update', `JobId=${job}`, 'StartTime=now');
    } catch {
      // It has started, or is still being cleared away.
    }
  }
}
