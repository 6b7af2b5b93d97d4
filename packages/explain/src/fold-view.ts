import {
  at,
  float32,
  formatShape,
  type NdArray,
  ShapeError,
  sizeOf,
} from '@clip-lung/tensor';

/**
 * A map over places that are a view of several smaller maps, as one over the places of those: the mean of the values that lie
 * at the same place of the image. The ResNets' 8×8 feature maps are four maps of 4×4, one after another, so their rows and columns are
 * not those of the image: value p of a map lies at place p mod 16 of the 4×4.
 *
 * @param map  [rows, columns]
 * @param grid rows and columns of the smaller maps
 * @throws `ShapeError` for a map that does not hold a whole number of them
 */
export function foldView(
  map: NdArray<'float32'>,
  grid: readonly [rows: number, columns: number],
): NdArray<'float32'> {
  const places = sizeOf(grid);
  const maps = map.data.length / places;
  if (!Number.isInteger(maps) || maps < 1) {
    throw new ShapeError(
      `a map of ${formatShape(map.shape)} is not a view of maps of ${formatShape(grid)}`,
    );
  }
  return float32(
    grid,
    Float32Array.from({ length: places }, (_, place) => {
      let sum = 0;
      for (let i = 0; i < maps; i++) sum += at(map.data, i * places + place);
      return sum / maps;
    }),
  );
}
