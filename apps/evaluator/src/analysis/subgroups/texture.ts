import { byRanges } from './ranges.js';
import type { Subgroup } from './subgroup.js';

/** LIDC-IDRI rates texture from 1 (non-solid) over 3 (part-solid) to 5 (solid). */
export const textureSubgroup: Subgroup = {
  name: 'texture',
  label: 'texture',
  about:
    'the readers’ mean rating: below 2.5 non-solid, 2.5 to 3.5 part-solid, above 3.5 solid',
  ...byRanges(
    [
      { group: 'non-solid', below: 2.5 },
      // 3.5 itself is part-solid; a mean of ratings is no nearer to it than this.
      { group: 'part-solid', below: 3.5 + 1e-9 },
      { group: 'solid', below: Infinity },
    ],
    // Ratings of other sources may be on another scale.
    ({ nodule, rule }) =>
      rule === undefined ? undefined : nodule.ratings?.['texture'],
    'the dataset has no ratings of texture as LIDC-IDRI’s are',
  ),
};
