import { type CropCentre, planCrop, sampleCrop } from '../crop/crop.js';
import type { SliceHeader } from '../dicom/header.js';
import { InputError } from '../errors.js';
import type { JobOptions } from '../progress.js';
import { patientPoint, type Vector, volumePoint } from '../series/geometry.js';
import { expectLung } from '../series/rescale.js';
import { type Series, seriesOf } from '../series/series.js';
import { listFiles } from './list-files.js';
import { indexSeries } from './series-index.js';
import { readWindowOf } from './slice-file.js';
import { headersOf, pathFinder } from './slice-set.js';

/** Where to open slices, how many samples to take, and when to stop. */
export interface SliceAccess {
  /** along each axis, by default 32; see `planCrop` */
  readonly size?: number | undefined;
  readonly pathOf: (slice: SliceHeader) => string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the crop of a cube of `side` mm: of the files, only the rows that it sees.
 *
 * @returns HU, [size, size, size], axes z, y, x
 * @throws `DicomError` when a slice cannot be read
 */
export async function readCrop(
  series: Series,
  centre: CropCentre,
  side: number,
  { pathOf, size, signal }: SliceAccess,
): Promise<Int16Array> {
  const plan = planCrop(series, centre, side, size);
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
}

/**
 * Crops a place of the CT series in a folder, as {@link readCrop}.
 *
 * @throws {@link InputError} unless the folder holds one series, or the one that is named, and the place lies within it
 * @throws `SeriesError`, `DicomError` when its slices cannot be used
 */
export async function cropAt(
  folder: string,
  { at, side, series: wanted, ...job }: CropAtOptions,
): Promise<Int16Array> {
  const index = await indexSeries(await listFiles(folder, job.signal), job);
  const found = [...index.series.keys()];
  const uid = wanted ?? (found.length === 1 ? found[0] : undefined);
  const slices = uid === undefined ? undefined : index.series.get(uid);
  if (slices === undefined) {
    throw new InputError(
      `${folder}: holds ${found.length} CT series (${found.slice(0, 5).join(', ')}), expected ${wanted === undefined ? 'one; name the one to use by its Series Instance UID ("series")' : wanted}`,
    );
  }
  const series = seriesOf(headersOf(slices));
  const [column, row, position] = volumePoint(series, at);
  if (!isWithin(series, column, row, position)) {
    throw new InputError(
      `${folder}: (${at.join(', ')}) mm lies outside of its CT series, which reaches from ${reachOf(series)} mm in DICOM's patient coordinates`,
    );
  }
  return readCrop(series, { column, row, position }, side, {
    pathOf: pathFinder(slices),
    signal: job.signal,
  });
}

/** Whether a point lies in one of the voxels. */
function isWithin(
  { columns, rows, positions, spacing }: Series,
  column: number,
  row: number,
  position: number,
): boolean {
  const [first = NaN, last = NaN] = [positions[0], positions.at(-1)];
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
    patientPoint(series, 0, 0, positions[0] ?? NaN),
    patientPoint(series, columns - 1, rows - 1, positions.at(-1) ?? NaN),
  ];
  return corners
    .map((corner) => `(${corner.map((mm) => mm.toFixed(1)).join(', ')})`)
    .join(' to ');
}
