import { attributes } from '@clip-lung/lidc';
import { softmax } from '@clip-lung/tensor';

/**
 * The attribute weights w = softmax(v) of a nodule's mean ratings v.
 *
 * @param names the M attributes, in their order; default LIDC-IDRI's eight
 * @returns M numbers, each above 0, together 1; all NaN for a nodule without ratings, so that nothing computed from them can
 *   pass for a result
 * @see CLIP-Lung (arXiv 2304.08013): the weights of the image–attribute and class–attribute losses
 */
export function attributeWeights(
  { ratings }: { readonly ratings: Readonly<Record<string, number>> | null },
  names: readonly string[] = attributes,
): readonly number[] {
  return softmax(names.map((name) => ratings?.[name] ?? NaN));
}
