import { byRanges } from './ranges.js';
import type { Subgroup } from './subgroup.js';

/**
 * @see MacMahon et al., Radiology 284 (2017): slices of at most 1.5 mm; Setio et al., Medical Image Analysis 42 (2017), who
 * leave scans above 2.5 mm out of LUNA16
 */
export const sliceThicknessSubgroup: Subgroup = {
  name: 'sliceThickness',
  label: 'slice thickness',
  about:
    'borders of the Fleischner Society (1.5 mm) and of LUNA16 (2.5 mm); DICOM’s Slice Thickness',
  ...byRanges(
    [
      // The borders belong to the thinner side; headers have no more than a few decimals.
      { group: 'up to 1.5 mm', below: 1.5 + 1e-6 },
      { group: 'above 1.5, up to 2.5 mm', below: 2.5 + 1e-6 },
      { group: 'above 2.5 mm', below: Infinity },
    ],
    ({ scan }) => scan?.sliceThickness,
    'the dataset does not tell the slice thickness',
  ),
};
