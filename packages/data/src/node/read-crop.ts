import { type CropCentre, planCrop, sampleCrop } from '../crop/crop.js';
import type { SliceHeader } from '../dicom/header.js';
import { InputError } from '../errors.js';
import type { JobOptions } from '../progress.js';
import { type Vector, volumePoint } from '../series/geometry.js';
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
 * @throws {@link InputError} unless the folder holds one series, or the one that is named
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
      `${folder}: holds ${found.length} CT series (${found.slice(0, 5).join(', ')}), expected ${wanted === undefined ? 'one; name the one to use' : wanted}`,
    );
  }
  const series = seriesOf(headersOf(slices));
  const [column, row, position] = volumePoint(series, at);
  return readCrop(series, { column, row, position }, side, {
    pathOf: pathFinder(slices),
    signal: job.signal,
  });
}
