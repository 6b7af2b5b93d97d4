import { ClipLungError } from '@clip-lung/tensor';

/** A folder that is not the grid that was asked for, or a grid that has changed where it may not. */
export class GridError extends ClipLungError {
  readonly code = 'grid';
}
