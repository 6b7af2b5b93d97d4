import type * as tf from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import { elementTypes, isElementType } from '../../pure/given-arrays.js';
import { userFrame } from '../../pure/user-frame.js';
import type { GraphType } from '../graph/graph.js';

/** The elements of a constant, in the array that its type asks for. */
export type HostValues = Float32Array | Int32Array | Uint8Array;

/** @throws {@link TraceError} for strings and complex numbers, with the operation and the line */
export function graphType(dtype: string): GraphType {
  if (isElementType(dtype)) return dtype;
  const { operation, place } = userFrame(new Error().stack);
  const where = place === undefined ? '' : ` at ${place}`;
  throw new TraceError(
    `a tensor of type ${dtype} is used${operation === undefined ? '' : ` in ${operation}`}${where}; functions compute with ${elementTypes.join(', ')}`,
  );
}

/** `length` elements of a type, each 0. */
export function hostArray(dtype: GraphType, length: number): HostValues {
  if (dtype === 'float32') return new Float32Array(length);
  return dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length);
}

/** A number as an element of a type: integers lose what is behind the point, and what is not 0 is true. */
export function elementOf(number: number, dtype: GraphType): number {
  if (dtype === 'float32') return number;
  return dtype === 'int32' ? number | 0 : Number(number !== 0);
}

/**
 * Values of tfjs as elements of a type: themselves where they are in the array that the type asks for, else converted. tfjs
 * may hold integers, or truth values, under the name of float32.
 */
export function hostOf(
  values: tf.BackendValues,
  dtype: tf.DataType,
): HostValues {
  const type = graphType(dtype);
  const numbers = numbersOf(values);
  if (type === 'float32' && numbers instanceof Float32Array) return numbers;
  if (type === 'int32' && numbers instanceof Int32Array) return numbers;
  if (
    type === 'bool' &&
    numbers instanceof Uint8Array &&
    numbers.every((value) => value <= 1)
  ) {
    return numbers;
  }
  const host = hostArray(type, numbers.length);
  for (let i = 0; i < host.length; i++) {
    host[i] = elementOf(numbers[i] as number, type);
  }
  return host;
}

function numbersOf(values: tf.BackendValues): HostValues {
  if (
    values instanceof Float32Array ||
    values instanceof Int32Array ||
    values instanceof Uint8Array
  ) {
    return values;
  }
  // tfjs-cpu keeps some results in plain arrays.
  if (Array.isArray(values)) {
    return Float32Array.from(values as readonly unknown[], Number);
  }
  throw new TraceError(
    `values of tfjs are in a ${Object.prototype.toString.call(values).slice(8, -1)}`,
  );
}
