import { ClipLungError } from '@clip-lung/tensor';

/** A function that cannot become a graph: it reads a value, or uses an operation without a kernel. */
export class TraceError extends ClipLungError {
  readonly code = 'trace';
}

/** An engine or a device that is not there. */
export class EngineUnavailableError extends ClipLungError {
  readonly code = 'engine-unavailable';
}
