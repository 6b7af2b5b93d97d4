import { ClipLungError } from '@clip-lung/tensor';

/** A loss was asked to work without an input that it needs. The message names both. */
export class MissingInputError extends ClipLungError {
  readonly code = 'missing-input';
}

/** A loss was made with an option out of its range. The message names the loss, the option, and the range. */
export class LossOptionError extends ClipLungError {
  readonly code = 'loss-option';
}
