/** Where a dataset's scans come from; results on simulated nodules must never pass for results on patients. */
export const collections = [
  'lidc-idri',
  'phantom',
  'nodulemnist3d',
  'other',
] as const;

export type Collection = (typeof collections)[number];

/** The DICOM Manufacturer (0008,0070) of simulated scans: how `prepare` tells them from patients' scans. */
export const phantomManufacturer = 'CLIP-Lung phantom';

/** Which data a figure was measured on, in words that cannot be taken for more than it is. */
export function describeCollection(collection: Collection): string {
  switch (collection) {
    case 'phantom':
      return 'simulated nodules (phantom): these figures say nothing about patients';
    case 'lidc-idri':
      return 'LIDC-IDRI';
    case 'nodulemnist3d':
      return 'NoduleMNIST3D, made of LIDC-IDRI';
    case 'other':
      return 'a collection other than LIDC-IDRI';
  }
}
