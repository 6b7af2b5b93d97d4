import type { Subgroup } from './subgroup.js';

export const manufacturerSubgroup: Subgroup = {
  name: 'manufacturer',
  label: 'manufacturer',
  about: 'DICOM’s Manufacturer, in capitals',
  groupOf: ({ scan }) =>
    scan?.manufacturer === undefined
      ? { unknown: 'the dataset does not tell the scanner’s manufacturer' }
      : // One maker is spelt in several ways: Philips, PHILIPS.
        { group: scan.manufacturer.replaceAll(/\s+/g, ' ').toUpperCase() },
};
