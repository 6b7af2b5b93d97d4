import { ClipLungError } from '@clip-lung/tensor';

/** A run that cannot start, or cannot go on. */
export class TrainingError extends ClipLungError {
  readonly code = 'training';
}

/** A run that its signal has stopped, between two steps. What was done is saved. */
export class TrainingStoppedError extends ClipLungError {
  readonly code = 'stopped';
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
    `${what} at step ${step} (fold ${fold}, epoch ${epoch}); nothing of that step is saved. Lower training.learningRate`,
  );
}
