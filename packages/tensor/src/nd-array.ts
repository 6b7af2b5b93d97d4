import { ShapeError } from './error.js';

/** The typed array that holds the elements of each data type; `bool` is one byte, 0 or 1. */
export interface TypedArrays {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int16: Int16Array;
  readonly uint16: Uint16Array;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
  readonly int64: BigInt64Array;
  readonly uint64: BigUint64Array;
  readonly bool: Uint8Array;
}

export type DType = keyof TypedArrays;

/** The constructors of {@link TypedArrays}, by data type. */
export const typedArrayOf = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const satisfies Record<DType, unknown>;

export function isDType(name: string): name is DType {
  return Object.hasOwn(typedArrayOf, name);
}

/** Number of elements of an array of this shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** `[2, 3]`, as errors print it. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** A dense array in host memory, row-major. It is a class, so that a tree can tell its leaves from its branches. */
export class NdArray<D extends DType = DType> {
  /**
   * @throws {@link ShapeError} when `data` is not of the class that holds `dtype`, or does not hold exactly the elements of
   *   `shape`
   */
  constructor(
    readonly dtype: D,
    readonly shape: readonly number[],
    readonly data: TypedArrays[D],
  ) {
    expectElements(dtype, data);
    if (shape.some((length) => !Number.isInteger(length) || length < 0)) {
      throw new ShapeError(
        `an array's shape is ${formatShape(shape)}, expected whole numbers of at least 0`,
      );
    }
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError(
        `an array of shape ${formatShape(shape)} holds ${sizeOf(shape)} elements, its data has ${data.length}`,
      );
    }
  }

  is<E extends DType>(dtype: E): this is NdArray<E> {
    const own: DType = this.dtype;
    return own === dtype;
  }
}

/**
 * The types promise as much; but what comes from JavaScript, or through a cast, is read byte by byte further on, and would
 * be silently wrong.
 */
function expectElements(dtype: DType, data: unknown): void {
  const wanted = isDType(dtype) ? typedArrayOf[dtype].name : undefined;
  if (wanted === undefined) {
    throw new ShapeError(
      `an array's type is ${dtype}; known: ${Object.keys(typedArrayOf).join(', ')}`,
    );
  }
  // By its name, not by its class: another realm has classes of its own.
  const found = ArrayBuffer.isView(data)
    ? ((data as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ??
      'a DataView')
    : Array.isArray(data)
      ? 'a plain array'
      : String(data);
  if (found !== wanted) {
    throw new ShapeError(
      `an array of type ${dtype} holds its elements in a ${wanted}, given ${found}`,
    );
  }
}

/**
 * The elements of an array that must be of type `dtype`.
 *
 * @param what names the array in the error: `the output "logits"`
 * @throws {@link ShapeError} when it is of another type
 */
export function elementsOf<D extends DType>(
  array: NdArray,
  dtype: D,
  what: string,
): TypedArrays[D] {
  if (array.is(dtype)) return array.data;
  throw new ShapeError(
    `${what} is ${array.dtype} ${formatShape(array.shape)}, expected ${dtype}`,
  );
}

/** A float32 array; numbers are rounded to float32. */
export function float32(
  shape: readonly number[],
  values: Iterable<number>,
): NdArray<'float32'> {
  const data =
    values instanceof Float32Array ? values : Float32Array.from(values);
  return new NdArray('float32', shape, data);
}

/** An int32 array. @throws {@link ShapeError} when a value is not a 32-bit integer */
export function int32(
  shape: readonly number[],
  values: Iterable<number>,
): NdArray<'int32'> {
  if (values instanceof Int32Array) return new NdArray('int32', shape, values);
  const list = [...values];
  const wrong = list.find((value) => (value | 0) !== value);
  if (wrong !== undefined) {
    throw new ShapeError(`${wrong} is not a 32-bit integer`);
  }
  return new NdArray('int32', shape, Int32Array.from(list));
}

/** A float32 scalar, shape []. */
export function scalar(value: number): NdArray<'float32'> {
  return float32([], [value]);
}

/** A float32 array of zeros, or of `value`. */
export function filled(
  shape: readonly number[],
  value = 0,
): NdArray<'float32'> {
  return new NdArray(
    'float32',
    shape,
    new Float32Array(sizeOf(shape)).fill(value),
  );
}

/**
 * An array over little-endian bytes: a view where they are aligned to the element size, else a copy.
 *
 * @throws {@link ShapeError} when there are not exactly as many bytes as the shape asks for
 */
export function arrayFromBytes<D extends DType>(
  dtype: D,
  shape: readonly number[],
  bytes: Uint8Array,
): NdArray<D> {
  const ArrayType = typedArrayOf[dtype];
  const expected = sizeOf(shape) * ArrayType.BYTES_PER_ELEMENT;
  if (bytes.length !== expected) {
    throw new ShapeError(
      `an array of ${dtype} and shape ${formatShape(shape)} takes ${expected} bytes, found ${bytes.length}`,
    );
  }
  const aligned = bytes.byteOffset % ArrayType.BYTES_PER_ELEMENT === 0;
  // Not bytes.slice(): that of a Node Buffer is a view.
  const { buffer, byteOffset } = aligned ? bytes : Uint8Array.from(bytes);
  const data = new ArrayType(buffer as ArrayBuffer, byteOffset, sizeOf(shape));
  return new NdArray(dtype, shape, data as unknown as TypedArrays[D]);
}
