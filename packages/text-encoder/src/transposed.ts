import { formatShape, NdArray, ShapeError } from '@clip-lung/tensor';

/** Rows and columns of a tile: small enough that the lines of both sides stay in the processor's first cache. */
const tile = 32;

/**
 * A matrix with its axes swapped, copied.
 *
 * @param room where its values go, if there is room already
 * @throws `ShapeError` for what is not a matrix
 */
export function transposed(
  { shape, data }: NdArray<'float32'>,
  room?: Float32Array,
): NdArray<'float32'> {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows === undefined || columns === undefined) {
    throw new ShapeError(`${formatShape(shape)} is not the shape of a matrix`);
  }
  const turned =
    room?.subarray(0, data.length) ?? new Float32Array(data.length);
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(top + tile, rows);
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(left + tile, columns);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          turned[column * rows + row] = data[row * columns + column] as number;
        }
      }
    }
  }
  return new NdArray('float32', [columns, rows], turned);
}
