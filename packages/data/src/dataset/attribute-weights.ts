import { attributes } from '@clip-lung/lidc';
import { softmax } from '@clip-lung/tensor';

import type { DatasetNodule } from './nodule.js';

/** What is known of a nodule's ratings. */
type Rated = Pick<DatasetNodule, 'ratings'> &
  Partial<Pick<DatasetNodule, 'malignancy' | 'columns'>>;

/**
 * The mean ratings v of a nodule.
 *
 * @param names the M attributes, in their order; default LIDC-IDRI's eight. Malignancy, which decides the class, may be one of
 *   them, as in the published code
 * @returns M numbers; NaN for what is not rated
 */
export function attributeRatings(
  { ratings, malignancy, columns }: Rated,
  names: readonly string[] = attributes,
): readonly number[] {
  return names.map((name) => {
    const rating = ratings?.[name];
    if (rating !== undefined || name !== 'malignancy') return rating ?? NaN;
    return malignancy ?? columns?.[name] ?? NaN;
  });
}

/**
 * The attribute weights w = softmax(v) of a nodule's mean ratings v.
 *
 * @param names as of {@link attributeRatings}
 * @returns M numbers, each above 0, together 1; all NaN for a nodule without ratings, so that nothing computed from them can
 *   pass for a result
 * @see CLIP-Lung (arXiv 2304.08013): the weights of the image–attribute and class–attribute losses
 */
export function attributeWeights(
  nodule: Rated,
  names?: readonly string[],
): readonly number[] {
  return softmax(attributeRatings(nodule, names));
}
