import { type Attribute, attributes } from '@clip-lung/lidc';
import { softmax } from '@clip-lung/tensor';

/** What the readers of a nodule rated, on the average. */
interface Rated {
  readonly ratings: Readonly<Record<Attribute, number>> | null;
  readonly malignancy?: number | null;
}

export interface RatedAttributes {
  /** whether malignancy, which is the label, stands in front of the eight, as the published code has it; default no */
  readonly withMalignancy?: boolean;
}

/**
 * The mean ratings v of a nodule.
 *
 * @returns 8 numbers in the order of {@link attributes}, or 9 with malignancy in front of them; NaN where there are none
 */
export function attributeRatings(
  { ratings, malignancy }: Rated,
  { withMalignancy = false }: RatedAttributes = {},
): readonly number[] {
  const eight = attributes.map((attribute) => ratings?.[attribute] ?? NaN);
  return withMalignancy ? [malignancy ?? NaN, ...eight] : eight;
}

/**
 * The attribute weights w = softmax(v) of a nodule's mean ratings v.
 *
 * @returns as many numbers as {@link attributeRatings}, each above 0, together 1; all NaN for a nodule without ratings, so that
 *   nothing computed from them can pass for a result
 * @see CLIP-Lung (arXiv 2304.08013): the weights of the image–attribute and class–attribute losses
 */
export function attributeWeights(
  nodule: Rated,
  rated?: RatedAttributes,
): readonly number[] {
  return softmax(attributeRatings(nodule, rated));
}
