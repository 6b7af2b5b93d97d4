/** What the launcher says to `sbatch` itself, and why nobody else may. */
const own: Readonly<Record<string, string>> = {
  array: 'the tasks decide it',
  chdir: 'the tasks run where they were submitted',
  dependency: 'the report waits for the tasks by it',
  error: 'each task has its log',
  output: 'each task has its log',
  'open-mode': 'logs are appended to',
  parsable: 'the job IDs are read',
  requeue: 'tasks go on by it',
  'no-requeue': 'tasks go on by being requeued',
  signal: 'use the key signalSeconds',
  'test-only': 'nothing would be submitted; use a dry run',
  wait: 'nothing waits for the jobs',
  wrap: 'a script is submitted',
};

/** Why a line of the profile's `extra` cannot be passed to `sbatch`; undefined for one that can. */
export function refusedExtra(line: string): string | undefined {
  const [, name] = /^--([a-z][a-z-]*)(=[^\p{Cc}]*)?$/u.exec(line) ?? [];
  if (name === undefined) {
    return 'expected one long option of sbatch, such as "--exclude=node7"';
  }
  const reason = Object.hasOwn(own, name) ? own[name] : undefined;
  return reason === undefined
    ? undefined
    : `--${name} is the launcher's own: ${reason}`;
}
