import { experimentDigest } from './digest.js';
import { withEpochs } from './epochs.js';
import { RunFileError } from './error.js';
import type { RunRecord } from './record.js';

/** What a run's checkpoints and predictions can be of. */
export interface RunOrigin {
  /** digests of the run's experiment, and of those with plugins that it has gone on without */
  readonly experiments: readonly string[];
  /** epochs of the same with fewer, before the run was given more, by their digests: such a fold is to go on */
  readonly shorter?: ReadonlyMap<string, number>;
  /** digest of the dataset; undefined for a run that did not keep it yet */
  readonly dataset: string | undefined;
}

/** What a file of a fold says of where it comes from. */
export interface FileOrigin {
  /** counted from 0 */
  readonly fold: number;
  /** by `experimentDigest` */
  readonly experimentDigest: string;
  /** hex SHA-256 of what training took from the dataset */
  readonly dataset: string;
}

/** What the files of a run's folds can be of, by its record. */
export function runOrigin({
  experiment,
  data,
  replacedPlugins = [],
  extended = [],
}: Pick<
  RunRecord,
  'experiment' | 'data' | 'replacedPlugins' | 'extended'
>): Required<RunOrigin> {
  const former = replacedPlugins.map(({ plugins }) => ({
    ...experiment,
    plugins,
  }));
  const whole = [experiment, ...former];
  const shorter = extended.flatMap(({ from }) =>
    whole.map(
      (one) => [experimentDigest(withEpochs(one, from)), from] as const,
    ),
  );
  return {
    experiments: whole.map(experimentDigest),
    shorter: new Map(shorter),
    dataset: data.sha256,
  };
}

/**
 * Holds what a file says of its origin against where it lies. Files of version 1 say less.
 *
 * @throws {@link RunFileError} that says which run or fold the file is of
 */
export function expectOrigin(
  found: Partial<FileOrigin>,
  {
    fold,
    run,
  }: { readonly fold: number; readonly run?: RunOrigin | undefined },
  file: string,
): void {
  if (found.fold !== undefined && found.fold !== fold) {
    throw new RunFileError(
      file,
      `belongs to fold ${found.fold}, but lies in the place of fold ${fold}, whose test nodules that fold was trained on; put back the file of fold ${fold}`,
    );
  }
  if (run === undefined) return;
  const { experimentDigest: experiment, dataset } = found;
  const known = [...run.experiments, ...(run.shorter?.keys() ?? [])];
  if (experiment !== undefined && !known.includes(experiment)) {
    throw new RunFileError(
      file,
      `belongs to another experiment than the run's record (SHA-256 ${experiment}, expected ${known.join(' or ')}); put back the run's own file`,
    );
  }
  if (
    dataset !== undefined &&
    run.dataset !== undefined &&
    run.dataset !== dataset
  ) {
    throw new RunFileError(
      file,
      `belongs to a run on another dataset (SHA-256 ${dataset}, expected ${run.dataset}); put back the run's own file`,
    );
  }
}
