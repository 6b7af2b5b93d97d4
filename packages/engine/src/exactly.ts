import { formatShape } from '@clip-lung/tensor';

type Tuple<
  N extends number,
  T,
  Made extends readonly T[] = [],
> = Made['length'] extends N ? Made : Tuple<N, T, readonly [...Made, T]>;

/**
 * A list that must have so many elements, such as the shape of images, which has four axes.
 *
 * @throws RangeError for any other number of them
 */
export function exactly<const N extends number>(
  values: readonly number[],
  count: N,
): Tuple<N, number> {
  if (values.length === count) return values as unknown as Tuple<N, number>;
  throw new RangeError(
    `${formatShape(values)} has ${values.length} elements, expected ${count}`,
  );
}
