import { votes } from '@clip-lung/data';
import { labels } from '@clip-lung/lidc';

import type { SubgroupNodule } from './subgroup.js';

/** The share of the readers for each of the three classes, descending; or why there is none to speak of, in words. */
export function sharesOf({
  nodule,
  rule,
}: SubgroupNodule): readonly number[] | string {
  if (rule === undefined) {
    return 'the dataset does not tell what each reader says of malignancy';
  }
  if (nodule.malignancyRatings.length < 2) {
    return 'a single reader rated the nodule’s malignancy';
  }
  return votes(nodule, labels, rule).sort((a, b) => b - a);
}
