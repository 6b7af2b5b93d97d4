import { sharesOf } from './reader-classes.js';
import type { Subgroup } from './subgroup.js';

const [same, different] = ['the same class', 'different classes'];

export const readerAgreementSubgroup: Subgroup = {
  name: 'readerAgreement',
  label: 'readers say',
  groups: [same, different],
  about: 'benign, unsure or malignant, by each reader’s own rating',
  groupOf: (of) => {
    const shares = sharesOf(of);
    return typeof shares === 'string'
      ? { unknown: shares }
      : { group: shares[0] === 1 ? same : different };
  },
};
