import { twoScanPatients } from './two-scan-patients.js';

const folderName = /^LIDC-IDRI-\d{4}$/;

const patientOfSeries = new Map(
  Object.entries(twoScanPatients).flatMap(([patient, series]) =>
    series.map((uid) => [uid, patient] as const),
  ),
);

/**
 * The patient of an annotation file, which does not say so itself: from a folder above it that is named like
 * `LIDC-IDRI-0123`, as The Cancer Imaging Archive lays out downloads; else, for the patients with two scans, from
 * their series. Null where neither tells.
 *
 * @param path with forward slashes
 */
export function patientOf(path: string, seriesUid: string): string | null {
  const folder = path
    .split('/')
    .slice(0, -1)
    .findLast((name) => folderName.test(name));
  return folder ?? patientOfSeries.get(seriesUid) ?? null;
}
