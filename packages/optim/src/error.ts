import { ClipLungError } from '@clip-lung/tensor';

/** A hyper-parameter outside its range. The message names it, its value, and the range. */
export class HyperparameterError extends ClipLungError {
  readonly code = 'hyperparameter';
}
