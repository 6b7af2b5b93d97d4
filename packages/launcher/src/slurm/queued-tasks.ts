import { runProgram } from './run-program.js';
import { readSubmissions, type SlurmJob } from './submission.js';

/** What the queue says. It is a hint: what a task came to is told by its files alone. */
export type QueuedTasks =
  | {
      /** by the tasks' IDs; those that are not there are neither pending nor running */
      readonly tasks: ReadonlyMap<string, 'pending' | 'running'>;
    }
  | { readonly tasks: undefined; readonly reason: string };

/** States in which a task has a node, as `squeue` names them. */
const running = new Set([
  'COMPLETING',
  'CONFIGURING',
  'RESIZING',
  'RUNNING',
  'SIGNALING',
  'STAGE_OUT',
  'STOPPED',
  'SUSPENDED',
]);

/**
 * Which tasks of all submissions of a jobs folder the queue still has, asked for in one call of `squeue`.
 *
 * @throws {@link JobFileError} for a damaged record; `FileReadError`
 */
export async function queuedTasks(
  jobs: string,
  { seconds = 20 }: { readonly seconds?: number } = {},
): Promise<QueuedTasks> {
  const arrays = new Map<string, readonly string[]>();
  const known: SlurmJob[] = [];
  for (const submission of await readSubmissions(jobs)) {
    for (const { job, tasks } of submission.arrays) {
      if (job === null) continue;
      known.push(job);
      arrays.set(job.id, tasks);
    }
  }
  if (known.length === 0) return { tasks: new Map() };
  const clusters = [...new Set(known.flatMap(({ cluster }) => cluster ?? []))];
  const asked = await runProgram(
    'squeue',
    [
      ...['--noheader', '--array', '--format=%F %K %T'],
      `--jobs=${[...arrays.keys()].join(',')}`,
      ...(clusters.length > 0 ? [`--clusters=${clusters.join(',')}`] : []),
    ],
    { seconds },
  );
  const unknown = (reason: string): QueuedTasks => ({
    tasks: undefined,
    reason,
  });
  if (asked.kind === 'missing') return unknown('squeue was not found');
  if (asked.kind === 'silent') {
    return unknown(`squeue did not answer within ${seconds} s`);
  }
  // So it answers for a single job that has been over for long.
  if (asked.code !== 0 && /Invalid job id specified/i.test(asked.words)) {
    return { tasks: new Map() };
  }
  if (asked.code !== 0) return unknown(`squeue: ${asked.words}`);
  return { tasks: tasksIn(asked.output, arrays) };
}

function tasksIn(
  output: string,
  arrays: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, 'pending' | 'running'> {
  const found = new Map<string, 'pending' | 'running'>();
  for (const line of output.split('\n')) {
    const [, job = '', index, state = ''] =
      /^(\d+) (\d+) ([A-Z_]+)$/.exec(line.trim()) ?? [];
    const task = arrays.get(job)?.[Number(index)];
    if (task !== undefined) {
      found.set(task, running.has(state) ? 'running' : 'pending');
    }
  }
  return found;
}
