import { ClipLungError } from '@clip-lung/tensor';

/** A run that cannot start, or cannot go on. */
export class TrainingError extends ClipLungError {
  readonly code = 'training';
}

/** Where a run is. Folds and epochs are counted from 0. */
export interface RunPlace {
  readonly fold: number;
  readonly epoch: number;
  /** steps done */
  readonly step: number;
}

/** A run whose numbers have left the finite ones, which no further step brings back. */
export function divergedAt(
  what: string,
  { fold, epoch, step }: RunPlace,
): TrainingError {
  return new TrainingError(
    `${what} at step ${step} (fold ${fold}, epoch ${epoch}); lower training.learningRate`,
  );
}
