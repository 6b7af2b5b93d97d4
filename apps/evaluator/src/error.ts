import { ClipLungError } from '@clip-lung/tensor';

/** A run of which no fold has predictions: there is nothing to evaluate yet. */
export class NoPredictionsError extends ClipLungError {
  readonly code = 'no-predictions';
}

/** Predictions of one run that contradict each other or its record: pooled, they would give a wrong figure. */
export class InconsistentRunError extends ClipLungError {
  readonly code = 'inconsistent-run';
}

/** A patient in the test sets of two folds: each was trained on nodules that the other was tested on. */
export class PatientOverlapError extends InconsistentRunError {}
