import { at } from '@clip-lung/tensor';

import { sharesOf } from './reader-classes.js';
import type { Subgroup } from './subgroup.js';

const [tie, narrow, wide, all] = [
  'tie',
  'up to half of the readers',
  'more than half',
  'all readers',
];

export const voteMarginSubgroup: Subgroup = {
  name: 'voteMargin',
  label: 'margin of the vote',
  groups: [tie, narrow, wide, all],
  about:
    'the share of the readers for the most frequent class, less that for the next',
  groupOf: (of) => {
    const shares = sharesOf(of);
    if (typeof shares === 'string') return { unknown: shares };
    const margin = at(shares, 0) - at(shares, 1);
    if (margin === 0) return { group: tie };
    if (margin === 1) return { group: all };
    return { group: margin <= 0.5 ? narrow : wide };
  },
};
