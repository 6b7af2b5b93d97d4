import { type Attribute, attributes } from '@clip-lung/lidc';
import { softmax } from '@clip-lung/tensor';

/**
 * The attribute weights w = softmax(v) of a nodule's mean ratings v over the eight attributes.
 *
 * @returns 8 numbers in the order of {@link attributes}, each above 0, together 1; all NaN for a nodule without ratings,
 *   so that nothing computed from them can pass for a result
 * @see CLIP-Lung (arXiv 2304.08013): the weights of the image–attribute and class–attribute losses
 */
export function attributeWeights(nodule: {
  readonly ratings: Readonly<Record<Attribute, number>> | null;
}): readonly number[] {
  return softmax(
    attributes.map((attribute) => nodule.ratings?.[attribute] ?? NaN),
  );
}
