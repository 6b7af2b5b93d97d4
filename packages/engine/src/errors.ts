import { ClipLungError } from '@clip-lung/tensor';

/** A function that cannot become a graph: it reads a value, or uses an operation without a kernel. */
export class TraceError extends ClipLungError {
  readonly code = 'trace';
}

/** An engine or a device that is not there. */
export class EngineUnavailableError extends ClipLungError {
  readonly code = 'engine-unavailable';
}

/** A function that cannot be written as a model for other programs. */
export class ExportError extends ClipLungError {
  readonly code = 'export';
}
