import { ClipLungError } from '@clip-lung/tensor';

/** An experiment that cannot be run. The message names the field by its path: `losses[2].weight`. */
export class ExperimentError extends ClipLungError {
  readonly code = 'experiment';

  constructor(
    /** where in the experiment, `training.epochs`; empty for the experiment as a whole */
    readonly path: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(path === '' ? problem : `${path}: ${problem}`, options);
  }
}
