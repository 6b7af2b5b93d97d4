import { formatShape } from '@clip-lung/tensor';

import { ArgumentError } from '../errors.js';

/** The part of an array, or of a tensor, that says what it is. */
interface Formed {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** What a value is, in words for an error: `a plain array of 4`, `a tfjs tensor (float32 [2, 3])`, `nothing`. */
export function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  switch (typeof value) {
    case 'function':
      return 'a function';
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'string':
    case 'symbol':
      return `the ${typeof value} ${String(value)}`;
    default:
      return ofObject(value);
  }
}

function ofObject(value: object): string {
  if (Array.isArray(value)) return `a plain array of ${value.length}`;
  const name = classOf(value);
  if (ArrayBuffer.isView(value)) {
    return `a ${name} of ${'length' in value ? String(value.length) : `${value.byteLength} bytes`}`;
  }
  if (isPromise(value)) return 'a promise';
  if (isFormed(value)) {
    const kind = 'dataId' in value ? 'a tfjs tensor' : 'an array';
    return `${kind} (${value.dtype} ${formatShape(value.shape)})`;
  }
  if (name !== 'Object') return `an object of the class ${name}`;
  const keys = Object.keys(value);
  return keys.length === 0
    ? 'an object without keys'
    : `an object with the keys ${keys.join(', ')}`;
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

function isFormed(value: object): value is Formed {
  return (
    'dtype' in value &&
    typeof value.dtype === 'string' &&
    'shape' in value &&
    Array.isArray(value.shape)
  );
}

function classOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as {
    readonly constructor?: { readonly name?: string };
  } | null;
  return prototype?.constructor?.name ?? 'Object';
}

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
