import { ArgumentError } from '../errors.js';
import { described } from './describe.js';

/**
 * The name by which errors call a function: the one it was given, else its own.
 *
 * @throws {@link ArgumentError} for what is not a function
 */
export function functionName(fn: unknown, given: string | undefined): string {
  if (typeof fn !== 'function') {
    throw new ArgumentError(
      `an engine compiles a function of { state, inputs, frozen }, given ${described(fn)}`,
    );
  }
  return given ?? (fn.name === '' ? 'the function' : fn.name);
}
