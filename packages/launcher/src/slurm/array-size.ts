import { runProgram } from './run-program.js';

/** Slurm's own default for `MaxArraySize`. */
const slurmDefault = 1001;

/** How many tasks one job array of a cluster may have. */
export interface ArraySize {
  readonly most: number;
  /** why that is a guess; undefined where the cluster has said it */
  readonly note: string | undefined;
}

export async function askArraySize(): Promise<ArraySize> {
  const asked = await runProgram('scontrol', ['show', 'config'], {
    seconds: 30,
  });
  const guess = (problem: string): ArraySize => ({
    most: slurmDefault,
    note: `the cluster's MaxArraySize could not be asked for (${problem}); arrays are split at Slurm's default, ${slurmDefault}`,
  });
  if (asked.kind === 'missing') return guess('scontrol was not found');
  if (asked.kind === 'silent') return guess('scontrol did not answer');
  if (asked.code !== 0) return guess(`scontrol: ${asked.words}`);
  const [, size] = /^MaxArraySize\s*=\s*(\d+)/m.exec(asked.output) ?? [];
  if (size === undefined) return guess('scontrol does not tell it');
  // The largest index is one less, and indices begin with 0. At 0, a cluster has no arrays, and sbatch will say so.
  return { most: Math.max(1, Number(size)), note: undefined };
}
