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
