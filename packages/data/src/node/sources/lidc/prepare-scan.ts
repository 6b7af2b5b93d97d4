import {
  cropScale,
  cropSize,
  type Label,
  labelOf,
  ratingNames,
} from '@clip-lung/lidc';
import { at } from '@clip-lung/tensor';

import type { NoduleRow, ReaderRow, ScanRow } from '../../../dataset/format.js';
import { noduleId } from '../../../dataset/nodule-id.js';
import type { Annotation, CtReadings } from '../../../lidc-xml/readings.js';
import { clusterAnnotations } from '../../../nodules/cluster.js';
import { type Consensus, consensusOf } from '../../../nodules/consensus.js';
import { shapeAgreement } from '../../../nodules/dice.js';
import { type NoduleRatings, noduleRatings } from '../../../nodules/means.js';
import { contourPoints } from '../../../nodules/points.js';
import { firstVoxelOf } from '../../../series/geometry.js';
import { type SliceFinder, sliceFinder } from '../../../series/match.js';
import { gapShare, weightOfSlice } from '../../../series/positions.js';
import { type Series, seriesOf } from '../../../series/series.js';
import type { Warning } from '../../../warning.js';
import { compareSamePlace } from '../../crop/compare-same-place.js';
import type { ScanOptions } from './prepare-options.js';
import { readCrop } from '../../crop/read-crop.js';
import {
  headersOf,
  pathFinder,
  type SliceSet,
} from '../../series/slice-set.js';

/** One annotated scan and the slices of its series. */
export interface ScanInput {
  readonly patient: string;
  readonly readings: Pick<CtReadings, 'file' | 'seriesUid' | 'annotations'>;
  readonly slices: SliceSet;
}

export interface PreparedNodule {
  readonly patient: string;
  readonly label: Label;
  readonly row: NoduleRow;
  readonly readers: ReaderRow;
  /** HU, 32 samples along each side, times the margin */
  readonly crop: Int16Array;
}

/** What a scan adds to a dataset. */
export interface PreparedScan {
  readonly row: ScanRow;
  readonly manufacturer: string | null;
  readonly annotations: number;
  readonly nodules: readonly PreparedNodule[];
  readonly tooFewReaders: number;
  readonly leftOut: number;
  readonly resolved: boolean;
  readonly warnings: readonly Warning[];
}

/**
 * Groups a scan's annotations into nodules, and crops each nodule. Of the images it reads only what the crops see.
 *
 * @throws `SeriesError`, `DicomError` when the images cannot be used
 */
export async function prepareScan(
  { readings, patient, slices }: ScanInput,
  options: ScanOptions,
  signal?: AbortSignal,
): Promise<PreparedScan> {
  const { file, annotations } = readings;
  const marks = annotations.flatMap(({ regions }) => regions);
  const named = new Set(marks.map(({ sopUid }) => sopUid));
  const series = seriesOf(headersOf(slices), { named });
  const finder = sliceFinder(series, marks);
  const access = {
    pathOf: pathFinder(slices),
    size: cropSize * options.margin,
    signal,
  };
  const { clusters, tolerance, resolved } = clusterAnnotations(
    annotations.map((item) => contourPoints(item, finder.index)),
    series.sliceThickness,
  );
  const { warnings: samePlace } = await compareSamePlace(series, access);
  const warnings: Warning[] = [...series.warnings, ...samePlace];
  const warn = (code: string, message: string): void => {
    warnings.push({ code, file, message });
  };
  if (finder.contradictions) {
    const { count, example } = finder.contradictions;
    const { mark, slice } = example;
    warn(
      'uid-against-z',
      `${count} contours name one slice by SOP Instance UID and another by z: ${mark.sopUid} is ${slice.file}, at z = ${firstVoxelOf(slice)[2]} mm, and the contour says z = ${mark.z} mm. The UID is followed, and z is not used for contours of slices that are not there`,
    );
  }
  if (!resolved) {
    warn(
      'cluster-unresolved',
      'a nodule has more than four annotations even at the least tolerance; it is kept as one',
    );
  }

  const nodules: PreparedNodule[] = [];
  let [tooFewReaders, leftOut] = [0, 0];
  for (const [index, members] of clusters.entries()) {
    const id = noduleId(patient, readings.seriesUid, index + 1);
    const own = annotations.filter((_, i) => members.includes(i));
    const ratings = noduleRatings(own);
    if (ratings.readers < options.minReaders) {
      tooFewReaders += 1;
      continue;
    }
    const place = placeOf(own, series, finder);
    const malignancy = ratings.statistics('malignancy')?.[options.label];
    if (typeof place === 'string' || malignancy === undefined) {
      leftOut += 1;
      const reason =
        typeof place === 'string'
          ? place
          : 'no reader gave its malignancy a rating from 1 to 5';
      warn('nodule-left-out', `nodule ${id} is left out: ${reason}`);
      continue;
    }
    warnAbout(id, place, warn);
    if (place.gap > gapShare * series.spacing) {
      warn(
        'nodule-at-gap',
        `nodule ${id}: a slice of it is ${place.gap.toFixed(2)} mm from the next, where ${series.spacing.toFixed(2)} mm are usual; it stands for half of that, so the size is less certain`,
      );
    }
    for (const name of ratings.clamped) {
      const value = ratings.means[name];
      const message = `nodule ${id}: every rating of "${name}" is out of range; taken as ${value}`;
      warn('rating-clamped', message);
    }
    const label = labelOf(malignancy, options.rule);
    const noduleRow: NoduleRow = {
      id,
      patient,
      scan: series.seriesUid,
      ...placeColumns(place),
      readers: ratings.readers,
      annotations: own.length,
      malignancy,
      malignancyRatings: ratings.malignancies.join(' '),
      label,
      ...ratings.means,
    };
    const [column, row] = place.voxel;
    const crop = await readCrop(
      series,
      { column, row, position: place.position },
      cropScale * place.diameter,
      access,
    );
    const readers = readerRow(id, own, ratings, place, series);
    nodules.push({ patient, label, row: noduleRow, readers, crop });
  }

  const row: ScanRow = {
    scan: series.seriesUid,
    patient,
    xml: file,
    manufacturer: series.manufacturer ?? '',
    slices: series.slices.length,
    rows: series.rows,
    columns: series.columns,
    rowSpacing: series.frame.rowSpacing,
    columnSpacing: series.frame.columnSpacing,
    sliceSpacing: rounded(series.spacing),
    sliceThickness: series.sliceThickness,
    annotations: annotations.length,
    nodules: nodules.length,
    tolerance: rounded(tolerance),
    resolved: resolved ? 1 : 0,
  };
  return {
    row,
    manufacturer: series.manufacturer,
    annotations: annotations.length,
    nodules,
    tooFewReaders,
    leftOut,
    resolved,
    warnings,
  };
}

/** The consensus of a nodule, or why there is none. */
function placeOf(
  annotations: readonly Annotation[],
  series: Series,
  finder: SliceFinder,
): Consensus | string {
  for (const { regions } of annotations) {
    for (const { points, z } of regions) {
      for (let i = 0; i < points.length; i += 2) {
        const x = at(points, i);
        const y = at(points, i + 1);
        if (x >= 0 && x < series.columns && y >= 0 && y < series.rows) continue;
        return `its contour at z = ${z} mm runs through column ${x}, row ${y}, outside of the ${series.columns} × ${series.rows} voxels of the slice`;
      }
    }
  }
  return (
    consensusOf(annotations, series, finder) ??
    'the series lacks the slices of all its contours'
  );
}

function warnAbout(
  id: string,
  { from, agreement }: Consensus,
  warn: (code: string, message: string) => void,
): void {
  const { missing, contours, missingPositions } = agreement;
  if (missing > 0) {
    const where = missingPositions.join(', ');
    warn(
      'slice-missing',
      `nodule ${id}: the series lacks the slices of ${missing} of ${contours} contours, at z = ${where} mm`,
    );
  }
  if (from !== 'half') {
    const taken =
      from === 'union'
        ? 'the voxels that are in any of them are used'
        : 'and none has any: those on the contours are used';
    warn(
      'no-half-agreement',
      `nodule ${id}: no voxel is in half of its annotations; ${taken}`,
    );
  }
}

function placeColumns({ centre, voxel, diameter, volume }: Consensus) {
  const [x, y, z] = centre;
  const [column, row, slice] = voxel;
  return {
    x: rounded(x),
    y: rounded(y),
    z: rounded(z),
    column: rounded(column),
    row: rounded(row),
    slice: rounded(slice),
    diameter: rounded(diameter),
    volume: rounded(volume),
  };
}

function readerRow(
  id: string,
  annotations: readonly Annotation[],
  { readers, statistics }: NoduleRatings,
  { agreement }: Consensus,
  series: Series,
): ReaderRow {
  const { pairs, mean, least } = shapeAgreement(annotations, agreement, (k) =>
    weightOfSlice(series, k),
  );
  const cell = (value: number | undefined): number | '' =>
    value === undefined ? '' : rounded(value);
  const columns = ratingNames.map((name) => {
    const found = statistics(name);
    return {
      [`${name}Readers`]: found?.readers ?? 0,
      [`${name}Mean`]: cell(found?.mean),
      [`${name}Median`]: cell(found?.median),
      [`${name}Spread`]: cell(found?.spread),
    };
  });
  return Object.assign(
    { id, readers, pairs, dice: cell(mean), diceLeast: cell(least) },
    ...columns,
  ) as ReaderRow;
}

/** To 0.1 µm: what lies beyond is noise of the arithmetic. */
function rounded(value: number): number {
  return Number(value.toFixed(4));
}
