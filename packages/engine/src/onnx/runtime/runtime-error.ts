import { TraceError } from '../../errors.js';
import { userFrame } from '../../pure/user-frame.js';
import type { OnNode } from '../trace/trace.js';

/**
 * What ONNX Runtime refuses names a node; the program is told which of its operations that is.
 *
 * @param retrace traces the function again, and tells of every node
 */
export function runtimeError(
  error: unknown,
  name: string,
  retrace: (onNode: OnNode) => void,
): TraceError {
  const message = error instanceof Error ? error.message : String(error);
  const named = new Set(message.match(/[A-Za-z]+_\d+/g));
  let origin: string | undefined;
  retrace((node, kernel) => {
    if (origin !== undefined || !named.has(node)) return;
    const { operation, place } = userFrame(new Error().stack);
    origin = `the tfjs kernel ${kernel}${operation === undefined ? '' : ` of ${operation}`}${place === undefined ? '' : ` at ${place}`}`;
  });
  return new TraceError(
    `${name} uses ${origin ?? 'operations'}, which ONNX Runtime does not run: ${message}`,
    { cause: error },
  );
}
