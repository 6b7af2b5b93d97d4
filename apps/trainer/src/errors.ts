import { ClipLungError } from '@clip-lung/tensor';

/** A run that cannot start, or cannot go on. */
export class TrainingError extends ClipLungError {
  readonly code = 'training';
}
