import { formatShape, leaves, NdArray, ShapeError } from '@clip-lung/tensor';

import { ArgumentError } from '../errors.js';
import { described } from './describe.js';

/** The element types that a function computes with; tfjs has strings and complex numbers besides. */
export const elementTypes = ['float32', 'int32', 'bool'] as const;

export type ElementType = (typeof elementTypes)[number];

export function isElementType(dtype: string): dtype is ElementType {
  return (elementTypes as readonly string[]).includes(dtype);
}

/** An array that a function can be given. */
export type GivenArray =
  | NdArray<'float32'>
  | NdArray<'int32'>
  | NdArray<'bool'>;

function isGivenArray(array: NdArray): array is GivenArray {
  return isElementType(array.dtype);
}

/** Whose arrays they are: `the inputs of training step`. */
export type Owner = string;

/**
 * Checks what a function is given: a tree of arrays, each of a type that functions compute with. TypeScript promises as much,
 * but a program in JavaScript, or a cast, promises nothing.
 *
 * @throws {@link ArgumentError} that says what is there instead of an array
 * @throws `ShapeError` for an array of another type, or truth values that are neither 0 nor 1
 */
export function expectArrays(tree: unknown, owner: Owner): void {
  for (const [path, leaf] of leaves<unknown>(tree)) {
    if (path === '' && !isArray(leaf)) {
      throw new ArgumentError(
        `${owner}: given ${described(leaf)}, expected NdArrays by name`,
      );
    }
    expectArray(leaf, path === '' ? owner : `"${path}" in ${owner}`);
  }
}

/** @throws as {@link expectArrays} does */
export function expectArray(
  value: unknown,
  what: string,
): asserts value is GivenArray {
  if (!isArray(value)) {
    throw new ArgumentError(
      `${what}: given ${described(value)}, expected an NdArray, such as float32(shape, values) or int32(shape, values) of @clip-lung/tensor`,
    );
  }
  if (!isGivenArray(value)) {
    throw new ShapeError(
      `${what} is ${value.dtype} ${formatShape(value.shape)}; functions take float32, int32 and bool arrays`,
    );
  }
  if (value.dtype !== 'bool') return;
  const other = value.data.find((element) => element > 1);
  if (other !== undefined) {
    throw new ShapeError(
      `${what} is bool ${formatShape(value.shape)} and holds ${other}, expected 0 and 1`,
    );
  }
}

/** An `NdArray`, of this program's copy of its class or of another. */
export function isArray(value: unknown): value is NdArray {
  return (
    value instanceof NdArray ||
    (typeof value === 'object' &&
      value !== null &&
      'dtype' in value &&
      'shape' in value &&
      'data' in value &&
      ArrayBuffer.isView(value.data))
  );
}
