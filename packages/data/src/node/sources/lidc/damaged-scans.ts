import type { KeptReadings } from '../../scratch/partial-readings.js';
import type { SeriesIndex } from '../../series/series-index.js';

/**
 * Why a scan has no slices, if files that cannot be read are likely to be they: those of its series, or where nothing of them can be
 * read, those in a folder with its annotations and no others.
 */
export function damageFinder(
  { damaged, warnings }: Pick<SeriesIndex<unknown>, 'damaged' | 'warnings'>,
  scans: readonly KeptReadings[],
): (scan: KeptReadings) => string | undefined {
  const annotated = new Set<string>();
  const shared = new Set<string>();
  for (const { file } of scans) {
    const folder = folderOf(file);
    (annotated.has(folder) ? shared : annotated).add(folder);
  }
  const beside = new Map<string, { count: number; readonly first: string }>();
  for (const { file, message } of warnings) {
    const known = beside.get(folderOf(file));
    if (known === undefined) {
      beside.set(folderOf(file), { count: 1, first: message });
    } else known.count += 1;
  }
  return ({ file, seriesUid }) => {
    const own = damaged.get(seriesUid);
    if (own !== undefined) {
      return `none of its ${own.count} slices can be read, the first because ${own.message}`;
    }
    const folder = folderOf(file);
    const near = beside.get(folder);
    if (near === undefined || folder === '' || shared.has(folder)) {
      return undefined;
    }
    return `none of its slices can be read, and neither can ${near.count} DICOM files beside its annotations, the first because ${near.first}`;
  };
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}
