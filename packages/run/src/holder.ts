import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { z } from 'zod';

/** The process that holds a lock. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  /** tells this process from a later one of the same number; null where the system does not say */
  readonly began: string | null;
  /** in which process numbers mean the same: the machine since it was started, and the container; null where it does not say */
  readonly processes: string | null;
  /** when the lock was taken, by the host's clock, for people: ISO 8601 */
  readonly since: string;
  /** unique to the lock */
  readonly token: string;
}

export const holderSchema = z.strictObject({
  host: z.string(),
  pid: z.int().positive(),
  began: z.string().nullable(),
  processes: z.string().nullable(),
  since: z.string(),
  token: z.string().min(1),
}) satisfies z.ZodType<Holder>;

/** This process, as the holder of a lock. @param token unique to the lock */
export function thisProcess(token: string): Holder {
  return {
    host: hostname(),
    pid: process.pid,
    began: beginOf(process.pid) ?? null,
    processes: processSpace(),
    since: new Date().toISOString(),
    token,
  };
}

/** `process 4711 on node-3, since 2026-01-31T10:00:00.000Z`. */
export function describeHolder({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host}, since ${since}`;
}

/** Whether a process lives; `unknown` where only its own machine, or its own container, could tell. */
export function stateOf({
  host,
  pid,
  began,
  processes,
}: Holder): 'alive' | 'dead' | 'unknown' {
  const isHere = processes === processSpace() && host === hostname();
  if (!isHere) return 'unknown';
  const found = beginOf(pid);
  // Another process of the same number began at another time.
  if (found !== undefined) return found === began ? 'alive' : 'dead';
  return isThere(pid) ? 'unknown' : 'dead';
}

/** Names of hosts are not unique, and containers number their processes anew. Linux tells; elsewhere the name has to do. */
function processSpace(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** When a process began, in ticks since the machine did: the 22nd field of its stat. @see man 5 proc */
function beginOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the program's name, in which anything may stand.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  // A process that has ended, and that nobody has waited for.
  return state === 'Z' || state === 'X' ? 'ended' : fields[19];
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's may not be signalled, but is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
