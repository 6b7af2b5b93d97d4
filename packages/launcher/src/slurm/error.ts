import { ClipLungError } from '@clip-lung/tensor';

/** A profile that does not say what a cluster is to be told. The message starts with the file's name. */
export class SlurmProfileError extends ClipLungError {
  readonly code = 'slurm-profile';

  constructor(
    readonly file: string,
    /** the key at fault; undefined where the file as a whole is wrong */
    readonly key: string | undefined,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${problem}`, options);
  }
}

/** A command of Slurm that is missing, refuses, or does not answer. */
export class SlurmError extends ClipLungError {
  readonly code = 'slurm';

  constructor(
    readonly reason: 'missing' | 'refused' | 'silent',
    problem: string,
    /** IDs of the jobs that were submitted before, and are on record */
    readonly submitted: readonly string[] = [],
  ) {
    super(problem);
  }
}
