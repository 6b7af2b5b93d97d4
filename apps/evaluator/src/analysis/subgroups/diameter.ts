import { byRanges } from './ranges.js';
import type { Subgroup } from './subgroup.js';

/**
 * @see Lung-RADS v2022 (American College of Radiology), solid nodules at baseline; MacMahon et al., Fleischner Society
 * guidelines, Radiology 284 (2017), who have borders at 6 and 8 mm
 */
export const diameterSubgroup: Subgroup = {
  name: 'diameter',
  label: 'diameter',
  about:
    'borders of Lung-RADS v2022 for solid nodules; those at 6 and 8 mm are Fleischner’s, too. Diameters are of the sphere of equal volume',
  ...byRanges(
    [
      { group: 'below 6 mm', below: 6 },
      { group: '6 to below 8 mm', below: 8 },
      { group: '8 to below 15 mm', below: 15 },
      { group: '15 mm or more', below: Infinity },
    ],
    ({ nodule }) => nodule.diameter,
    'the dataset does not tell the nodule’s diameter',
  ),
};
