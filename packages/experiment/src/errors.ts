import { ClipLungError } from '@clip-lung/tensor';

/** A file that holds no experiment, a plugin's file that cannot be read, or an override that fits none. */
export class ExperimentFileError extends ClipLungError {
  readonly code = 'experiment-file';
}

/** A file that was given as a source of datasets, and is not there, cannot be loaded, or holds none. */
export class SourceFileError extends ClipLungError {
  readonly code = 'source-file';
}
