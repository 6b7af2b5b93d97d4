import { ClipLungError } from '@clip-lung/tensor';

import { TraceError } from '../errors.js';
import { isForeign, topPlace, userFrame } from './user-frame.js';

/** What is known of a function when it fails. */
export interface Failing {
  /** the function's name */
  readonly name: string;
  /** what it asked for and was not given: `"w" of its state` */
  readonly missing: readonly string[];
  /** the kernels that there are, where they are few */
  readonly kernels?: readonly string[] | undefined;
}

/**
 * tfjs says what is wrong, but neither where, nor what to do. What a caller has put in front of that is kept.
 *
 * @returns the error to throw instead
 */
export function explained(error: unknown, failing: Failing): unknown {
  if (!(error instanceof Error)) return error;
  const inner = error.cause instanceof Error ? error.cause : error;
  const problem = problemOf(inner, failing);
  if (problem === undefined) return withMissing(error, failing);
  const message = error.message.replace(inner.message, () => problem);
  if (error instanceof ClipLungError) {
    // Its class is what its maker acts on.
    error.message = message;
    return error;
  }
  return withMissing(new TraceError(message, { cause: error }), failing);
}

function problemOf(
  inner: Error,
  { name, kernels }: Failing,
): string | undefined {
  const { message, stack } = inner;
  const { operation, place } = userFrame(stack);
  const caller = operation === undefined ? '' : ` of ${operation}`;
  const where = place === undefined ? '' : ` at ${place}`;
  const kernel = /Kernel '(\w+)' not registered/.exec(message)?.[1];
  if (kernel !== undefined) {
    const known =
      kernels === undefined
        ? ''
        : ` (known: ${[...kernels].sort().join(', ')})`;
    return `${name} uses the tfjs kernel ${kernel}${caller}${where}, which is not ${kernels === undefined ? 'there' : 'traced'}; write it with other operations${known}`;
  }
  const slope = /gradient function not found for (\w+)/.exec(message)?.[1];
  if (slope !== undefined) {
    return `${name} asks for the gradient of the tfjs kernel ${slope}${where}, which tfjs does not have; compute it outside of what is differentiated, or with other operations`;
  }
  if (inner instanceof ClipLungError || place === undefined) return undefined;
  const first = topPlace(stack);
  return first !== undefined && isForeign(first)
    ? `${name}, in ${operation ?? 'tfjs'}${where}: ${message}`
    : undefined;
}

/** An error about a value that is not there says what was asked for in vain; an error of the program's own stays. */
function withMissing(error: Error, { missing, name }: Failing): Error {
  const isAbout =
    (error instanceof TypeError && /undefined|null/.test(error.message)) ||
    (error instanceof TraceError &&
      /'(undefined|null)'|gives nothing for/.test(error.message));
  if (missing.length === 0 || !isAbout) return error;
  const message = `${error.message}; ${name} asks for ${missing.join(', ')}, which it was not given`;
  return new TraceError(message, { cause: error });
}
