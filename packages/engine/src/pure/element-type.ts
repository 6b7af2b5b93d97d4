import type { NdArray } from '@clip-lung/tensor';

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

export function isGivenArray(array: NdArray): array is GivenArray {
  return isElementType(array.dtype);
}
