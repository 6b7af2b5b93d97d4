import type { Subgroup } from './subgroup.js';

export const numberOfReadersSubgroup: Subgroup = {
  name: 'readers',
  label: 'readers',
  about: 'how many marked the nodule',
  groupOf: ({ nodule: { readers } }) =>
    Number.isNaN(readers)
      ? { unknown: 'the dataset does not tell how many readers marked it' }
      : { group: String(readers) },
};
