import { ClipLungError } from '@clip-lung/tensor';

/** A file that holds no experiment, a plugin's file that cannot be read, or an override that fits none. */
export class ExperimentFileError extends ClipLungError {
  readonly code = 'experiment-file';
}

/** A file that holds no grid, or a grid whose axes, values or conditions cannot be. */
export class GridFileError extends ClipLungError {
  readonly code = 'grid-file';
}

/** A file that was given as a source of datasets, and is not there, cannot be loaded, or holds none. */
export class SourceFileError extends ClipLungError {
  readonly code = 'source-file';
}
