import { ClipLungError } from '@clip-lung/tensor';

/** A file that holds no experiment, a plugin's file that cannot be read, or an override that fits none. */
export class ExperimentFileError extends ClipLungError {
  readonly code = 'experiment-file';
}
