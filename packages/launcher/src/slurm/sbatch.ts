import { SlurmError } from './error.js';
import { type ProgramEnd, runProgram } from './run-program.js';
import type { SlurmJob } from './submission.js';

const missing =
  'sbatch was not found; submit from a machine of the cluster that has Slurm, a login node mostly, or start the tasks locally';

/** @throws {@link SlurmError} where there is no sbatch */
export async function expectSbatch(): Promise<void> {
  const found = await runProgram('sbatch', ['--version'], { seconds: 30 });
  if (found.kind === 'missing') throw new SlurmError('missing', missing);
}

export interface SbatchContext {
  /** what is submitted: `array-1, 1001 tasks` */
  readonly what: string;
  /** job IDs so far */
  readonly submitted: readonly string[];
  /** the record that has them */
  readonly record: string;
  readonly seconds: number;
}

/** Submits one job. @throws {@link SlurmError} */
export async function sbatch(
  args: readonly string[],
  context: SbatchContext,
): Promise<SlurmJob> {
  const { what, submitted, record, seconds } = context;
  const end = await runProgram('sbatch', args, { seconds });
  const [, id, cluster] =
    (end.kind === 'ended' && end.code === 0
      ? /^(\d+)(?:;(\S+))?\s*$/m.exec(end.output)
      : undefined) ?? [];
  if (id !== undefined) return { id, cluster: cluster ?? null };
  const before =
    submitted.length === 0
      ? 'nothing was submitted'
      : `submitted before, and on record in ${record}: ${submitted.join(', ')}; what these have need not be submitted again`;
  const reason = end.kind === 'ended' ? 'refused' : end.kind;
  throw new SlurmError(reason, `${problemOf(end, what)}; ${before}`, submitted);
}

function problemOf(end: ProgramEnd, what: string): string {
  switch (end.kind) {
    case 'missing':
      return missing;
    case 'silent':
      return `sbatch did not answer for ${what}; Slurm may have taken it all the same, look with squeue --me`;
    case 'ended':
      return end.code === 0
        ? `sbatch did not tell the ID of the job for ${what}, but: ${end.words}`
        : `sbatch refused ${what}: ${end.words}`;
  }
}
