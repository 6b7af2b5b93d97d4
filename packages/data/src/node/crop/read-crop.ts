import { at } from '@clip-lung/tensor';

import {
  type CropCentre,
  type CropPlan,
  planCrop,
  sampleCrop,
  shareOutside,
} from '../../crop/crop.js';
import { whyNotHounsfield } from '../../crop/hounsfield-range.js';
import { InputError, SeriesError } from '../../errors.js';
import { limits } from '../../limits.js';
import type { JobOptions } from '../../progress.js';
import {
  firstVoxelOf,
  patientPoint,
  type Vector,
  volumePoint,
} from '../../series/geometry.js';
import { gapShare } from '../../series/positions.js';
import type { SamePlace } from '../../series/same-place.js';
import { expectLung } from '../../series/rescale.js';
import { type Series, seriesOf } from '../../series/series.js';
import type { Warning } from '../../warning.js';
import { compareSamePlace } from './compare-same-place.js';
import { listFiles } from '../series/list-files.js';
import { indexSeries } from '../series/series-index.js';
import { readWindowOf } from '../series/slice-file.js';
import {
  headersOf,
  pathFinder,
  type SliceAccess,
} from '../series/slice-set.js';

/**
 * Reads the crop of a cube of `side` mm: of the files, only the rows that it sees.
 *
 * @returns HU, [size, size, size], axes z, y, x
 * @throws `DicomError` when a slice cannot be read, `SeriesError` for a crop of more voxels than are read at once
 */
export async function readCrop(
  series: Series,
  centre: CropCentre,
  side: number,
  { pathOf, size, signal }: SliceAccess,
): Promise<Int16Array> {
  return readPlan(series, planCrop(series, centre, side, size), {
    pathOf,
    signal,
  });
}

async function readPlan(
  series: Series,
  plan: CropPlan,
  { pathOf, signal }: SliceAccess,
): Promise<Int16Array> {
  const { x0, x1, y0, y1 } = plan.window;
  const voxels = (x1 - x0) * (y1 - y0) * plan.slices.length;
  if (voxels > limits.cropVoxels) {
    throw new SeriesError(
      series.seriesUid,
      `a crop would read ${x1 - x0} × ${y1 - y0} voxels of ${plan.slices.length} slices, ${voxels} in all; expected at most ${limits.cropVoxels}`,
    );
  }
  const windows = new Map<number, Float32Array>();
  for (const k of plan.slices) {
    signal?.throwIfAborted();
    const slice = series.slices[k];
    if (slice === undefined) continue;
    windows.set(k, await readWindowOf(pathOf(slice), slice, plan.window));
  }
  expectLung(series.slices, windows.values());
  return sampleCrop(plan, windows);
}

/** A place in a series. */
export interface CropAtOptions extends JobOptions {
  /** centre in DICOM's patient coordinates, mm */
  readonly at: Vector;
  /** mm; twice the diameter of the nodule for crops as in a dataset */
  readonly side: number;
  /** the Series Instance UID, where the folder holds several series */
  readonly series?: string | undefined;
  /** crops also where slices are missing, or contradict each other, with a warning */
  readonly force?: boolean | undefined;
}

/** A crop, and all that was odd on the way to it. */
export interface CroppedPlace {
  /** HU, [32, 32, 32], axes z, y, x */
  readonly hu: Int16Array;
  readonly warnings: readonly Warning[];
}

/**
 * Crops a place of the CT series in a folder, as `readCrop`.
 *
 * @throws {@link InputError} unless the folder holds one series, or the one that is named, and the place lies within it;
 *   and, unless `force` is set, where what the crop would show is not certain: slices are missing there, or two that differ
 *   lie at one place, or the values can hardly be HU
 * @throws `SeriesError`, `DicomError` when its slices cannot be used
 */
export async function cropAt(
  folder: string,
  { at, side, series: wanted, force = false, ...job }: CropAtOptions,
): Promise<CroppedPlace> {
  const index = await indexSeries(await listFiles(folder, job.signal), job);
  const found = [...index.series.keys()];
  const uid = wanted ?? (found.length === 1 ? found[0] : undefined);
  const slices = uid === undefined ? undefined : index.series.get(uid);
  if (slices === undefined) {
    throw new InputError(
      `${folder}: holds ${found.length} CT series (${found.slice(0, 5).join(', ')})${because(index.warnings)}, expected ${wanted === undefined ? 'one; name the one to use by its Series Instance UID ("series")' : wanted}`,
    );
  }
  const series = seriesOf(headersOf(slices));
  const place = at.every(Number.isFinite) ? volumePoint(series, at) : undefined;
  if (place === undefined || !isWithin(series, place)) {
    throw new InputError(
      `${folder}: (${at.join(', ')}) mm lies outside of its CT series, which reaches from ${reachOf(series)} mm in DICOM's patient coordinates`,
    );
  }
  const [column, row, position] = place;
  const access = { pathOf: pathFinder(slices), signal: job.signal };
  const samePlace = await compareSamePlace(series, access);
  const warnings = [
    ...index.warnings,
    ...series.warnings,
    ...samePlace.warnings,
  ];
  const doubt = (code: string, problem: string): void => {
    if (!force) {
      throw new InputError(
        `${folder}: ${problem}${because(warnings)}. Set "force" to crop it anyway`,
      );
    }
    warnings.push({ code, file: folder, message: problem });
  };
  const plan = planCrop(series, { column, row, position }, side);
  for (const { code, problem } of doubtsAbout(series, plan, samePlace)) {
    doubt(code, problem);
  }
  const hu = await readPlan(series, plan, access);
  const outside = shareOutside(series, plan);
  if (outside > 0) {
    warnings.push({
      code: 'crop-beyond-series',
      file: folder,
      message: `${(100 * outside).toFixed(0)} % of the crop lies outside of the series, and is filled with air`,
    });
  }
  const odd = whyNotHounsfield(hu);
  if (odd !== undefined) doubt('not-hounsfield', `the crop ${odd}, not HU`);
  return { hu, warnings };
}

/** What makes a crop uncertain: slices that it needs and that are missing, or of which there are two. */
function doubtsAbout(
  series: Series,
  { slices }: CropPlan,
  { differing }: { readonly differing: readonly SamePlace[] },
): readonly { readonly code: string; readonly problem: string }[] {
  const { positions, spacing } = series;
  const doubts: { code: string; problem: string }[] = [];
  for (const k of slices) {
    const [here, next] = [at(positions, k), positions[k + 1]];
    const slice = at(series.slices, k);
    // The crop samples between a slice and the next where it needs both.
    if (next !== undefined && slices.includes(k + 1)) {
      if (next - here > gapShare * spacing) {
        const above = at(series.slices, k + 1);
        doubts.push({
          code: 'crop-across-gap',
          problem: `slices are missing where the crop lies: between ${slice.file} (z = ${firstVoxelOf(slice)[2]} mm) and ${above.file} (z = ${firstVoxelOf(above)[2]} mm) there are ${(next - here).toFixed(2)} mm, where ${spacing.toFixed(2)} mm are usual`,
        });
      }
    }
    for (const { kept, leftOut } of differing) {
      if (kept !== slice) continue;
      doubts.push({
        code: 'crop-of-conflict',
        problem: `two slices that differ lie at one place where the crop lies: ${kept.file} and ${leftOut.file}`,
      });
    }
  }
  return doubts;
}

/** The first few warnings, for an error that they may explain. */
function because(warnings: readonly Warning[]): string {
  const odd = warnings.filter(({ code }) => code === 'unreadable-dicom');
  if (odd.length === 0) return '';
  const shown = odd.slice(0, 3).map(({ message }) => message);
  const more = odd.length > shown.length ? ` and ${odd.length - 3} more` : '';
  return ` (files that cannot be read: ${shown.join('; ')}${more})`;
}

/** Whether a point lies in one of the voxels. */
function isWithin(
  { columns, rows, positions, spacing }: Series,
  [column, row, position]: Vector,
): boolean {
  const first = at(positions, 0);
  const last = at(positions, positions.length - 1);
  return (
    column >= -0.5 &&
    column <= columns - 0.5 &&
    row >= -0.5 &&
    row <= rows - 0.5 &&
    position >= first - spacing / 2 &&
    position <= last + spacing / 2
  );
}

/** The middles of the first and of the last voxel. */
function reachOf(series: Series): string {
  const { columns, rows, positions } = series;
  const corners = [
    patientPoint(series, 0, 0, at(positions, 0)),
    patientPoint(
      series,
      columns - 1,
      rows - 1,
      at(positions, positions.length - 1),
    ),
  ];
  return corners
    .map((corner) => `(${corner.map((mm) => mm.toFixed(1)).join(', ')})`)
    .join(' to ');
}
