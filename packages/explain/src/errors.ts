import { ClipLungError } from '@clip-lung/tensor';

/** What cannot be explained: a nodule, class, layer or method that is not there, texts of a run without any. */
export class ExplanationRequestError extends ClipLungError {
  readonly code = 'explanation-request';
}
