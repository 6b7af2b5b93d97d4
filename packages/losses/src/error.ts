import { ClipLungError } from '@clip-lung/tensor';

/** A loss was asked to work without an input that it needs. The message names both. */
export class MissingInputError extends ClipLungError {
  readonly code = 'missing-input';
}
