import { at } from '@clip-lung/tensor';

/** Linear interpolation between the neighbours, numpy's default. @param sorted at least one value */
export function quantile(sorted: Float64Array, part: number): number {
  const place = part * (sorted.length - 1);
  const below = at(sorted, Math.floor(place));
  const above = at(sorted, Math.ceil(place));
  return below + (above - below) * (place - Math.floor(place));
}
