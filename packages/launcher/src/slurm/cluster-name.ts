import { runProgram } from './run-program.js';

/** The name of the Slurm cluster whose controller answers here; undefined where none does. */
export async function slurmClusterName({
  seconds = 5,
}: { readonly seconds?: number } = {}): Promise<string | undefined> {
  const args = ['show', 'config'];
  const asked = await runProgram('scontrol', args, { seconds });
  if (asked.kind !== 'ended' || asked.code !== 0) return undefined;
  return /^ClusterName\s*=\s*(\S+)$/m.exec(asked.output)?.[1];
}
