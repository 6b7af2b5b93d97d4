import { ClipLungError } from '@clip-lung/tensor';

/** A folder that is not the grid that was asked for, or a grid that has changed where it may not. */
export class GridError extends ClipLungError {
  readonly code = 'grid';
}

/** A part of a grid that it does not have. */
export class GridSelectionError extends ClipLungError {
  readonly code = 'usage';
}

/** A launch that has ended with cells that failed. */
export class CellsFailedError extends ClipLungError {
  readonly code = 'cells-failed';
}

/** A launch that a signal has stopped; its cells are saved, and it can be started again. */
export class LaunchStoppedError extends ClipLungError {
  readonly code = 'stopped';
}
