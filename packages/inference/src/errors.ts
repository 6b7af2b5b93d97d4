import { ClipLungError } from '@clip-lung/tensor';

/** What a run or a model cannot give: a fold that it does not have, texts of a run without any. */
export class InferenceRequestError extends ClipLungError {
  readonly code = 'inference-request';
}
