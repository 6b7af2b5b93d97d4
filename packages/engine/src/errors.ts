import { ClipLungError } from '@clip-lung/tensor';

/**
 * A function that an engine cannot run: it reads a value, uses an operation without a kernel, calls one wrongly, or gives
 * something else than tensors.
 */
export class TraceError extends ClipLungError {
  readonly code = 'trace';
}

/** What is given in the place of an array, a state or a function, and is none. */
export class ArgumentError extends ClipLungError {
  readonly code = 'argument';
}

/** An engine or a device that is not there. */
export class EngineUnavailableError extends ClipLungError {
  readonly code = 'engine-unavailable';
}

/** A function that cannot be written as a model for other programs. */
export class ExportError extends ClipLungError {
  readonly code = 'export';
}
