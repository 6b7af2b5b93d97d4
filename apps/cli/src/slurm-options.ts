import { readSlurmProfile, type SlurmProfile } from '@clip-lung/launcher';
import { type Command, Option } from 'commander';

import { UsageError } from './exit-codes.js';

const launchers = ['local', 'slurm'] as const;

/** What starts the work, and what of a cluster it asks for. */
export interface SlurmOptions {
  readonly launcher: (typeof launchers)[number];
  readonly profile?: string;
}

/** Adds `--launcher` and `--profile`. @param local what is done without Slurm: `train on this machine` */
export function withSlurmOptions(command: Command, local: string): Command {
  return command
    .addOption(
      new Option('--launcher <name>', `${local}, or submit to Slurm and exit`)
        .choices(launchers)
        .default('local'),
    )
    .option(
      '--profile <file>',
      'with --launcher slurm, a JSON file of what the cluster is asked for: partition, time, memory, …',
    );
}

/**
 * The profile of the cluster that is asked for; undefined for this machine.
 *
 * @throws {@link UsageError} for options that do not go together; `SlurmProfileError`
 */
export async function profileOf({
  launcher,
  profile,
}: SlurmOptions): Promise<SlurmProfile | undefined> {
  if (launcher === 'local') {
    if (profile === undefined) return undefined;
    throw new UsageError('--profile only applies to --launcher slurm');
  }
  if (profile === undefined) {
    throw new UsageError(
      '--launcher slurm needs --profile <file>: JSON with what the cluster is asked for, such as { "partition": "gpu", "time": "4:00:00", "cpus": 8 }',
    );
  }
  return readSlurmProfile(profile);
}
