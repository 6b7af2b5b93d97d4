import {
  at,
  float32,
  formatShape,
  type NdArray,
  ShapeError,
  sizeOf,
} from '@clip-lung/tensor';

/**
 * A map over more places: linear along every axis, so bilinear of [h, w] and trilinear of [d, h, w]. Places are the middles of
 * equal parts of each axis, and beyond the outermost ones values stay the same, as `torch.nn.functional.interpolate` with
 * `align_corners=False` has it.
 *
 * @param map of any number of axes
 * @param shape as many axes, of any length
 * @throws `ShapeError` for another number of axes
 */
export function resample(
  map: NdArray<'float32'>,
  shape: readonly number[],
): NdArray<'float32'> {
  if (map.shape.length !== shape.length || map.data.length === 0) {
    throw new ShapeError(
      `a map of ${formatShape(map.shape)} cannot be shown over ${formatShape(shape)}: it needs as many axes, and a value`,
    );
  }
  return shape.reduce(
    (found, length, axis) => alongAxis(found, axis, length),
    map,
  );
}

function alongAxis(
  { shape, data }: NdArray<'float32'>,
  axis: number,
  length: number,
): NdArray<'float32'> {
  const before = at(shape, axis, 'axes');
  const outer = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + 1));
  const found = new Float32Array(outer * length * inner);
  for (let i = 0; i < length; i++) {
    const middle = ((i + 0.5) * before) / length - 0.5;
    const place = Math.min(Math.max(middle, 0), before - 1);
    const low = Math.floor(place);
    const high = Math.min(low + 1, before - 1);
    const share = place - low;
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < inner; j++) {
        const a = at(data, (o * before + low) * inner + j);
        const b = at(data, (o * before + high) * inner + j);
        found[(o * length + i) * inner + j] = a + (b - a) * share;
      }
    }
  }
  return float32(
    [...shape.slice(0, axis), length, ...shape.slice(axis + 1)],
    found,
  );
}
