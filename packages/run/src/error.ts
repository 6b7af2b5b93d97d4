import { ClipLungError, FileFormatError } from '@clip-lung/tensor';

/** A file of a run folder whose content is not what its format asks for. The message starts with the file's name. */
export class RunFileError extends FileFormatError {}

/** A file of a run folder that is not there: the folder is no run, or the run has not come so far. */
export class MissingRunFileError extends ClipLungError {
  readonly code = 'missing-run-file';

  constructor(
    readonly file: string,
    /** what the file holds, and what makes it: starts in lower case */
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${problem}`, options);
  }
}

/** A checkpoint of another model: the message lists the tensors that differ. */
export class TensorMismatchError extends RunFileError {
  constructor(
    file: string,
    /** one line a tensor, as {@link checkpointDifference} gives them */
    readonly difference: readonly string[],
    problem: string,
  ) {
    super(file, problem);
  }
}

/** A value that JSON would silently change or drop: NaN becomes null, a function vanishes. */
export class NotJsonError extends ClipLungError {
  readonly code = 'not-json';
}

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
