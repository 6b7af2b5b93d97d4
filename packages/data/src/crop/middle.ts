import { NdArray } from '@clip-lung/tensor';

/**
 * The middle of crops.
 *
 * @param crops [N, S, S, S]
 * @param size samples to keep along each side, at most S, and even as S is
 * @returns [N, size, size, size]; the same array where nothing is to cut off
 */
export function middleOf(
  crops: NdArray<'int16'>,
  size: number,
): NdArray<'int16'> {
  const [count = 0, side = 0] = crops.shape;
  if (side === size) return crops;
  const from = (side - size) / 2;
  const kept = new Int16Array(count * size ** 3);
  let to = 0;
  for (let n = 0; n < count; n++) {
    for (let z = from; z < from + size; z++) {
      for (let y = from; y < from + size; y++) {
        const row = ((n * side + z) * side + y) * side + from;
        kept.set(crops.data.subarray(row, row + size), to);
        to += size;
      }
    }
  }
  return new NdArray('int16', [count, size, size, size], kept);
}
