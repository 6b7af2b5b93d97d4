import type { SliceHeader } from '../../dicom/header.js';
import { SeriesError } from '../../errors.js';
import type { SamePlace } from '../../series/same-place.js';
import type { Series } from '../../series/series.js';
import type { Warning } from '../../warning.js';
import type { SliceAccess } from '../series/slice-set.js';
import { readWindowOf } from '../series/slice-file.js';

/** As a part of the places of a series: so many differing pairs are no slips, but a second stack. */
const mostUndecided = 0.2;

/**
 * Compares the pixels of slices at one place. A pair that shows the same is a copy (`slice-duplicate`); one that does not
 * is told by name, with what decided between the two (`slice-conflict`).
 *
 * @throws {@link SeriesError} where a fifth of the places or more have two slices that differ, and neither annotations nor
 *   Image Type decide
 */
export async function compareSamePlace(
  series: Series,
  { pathOf, signal }: Pick<SliceAccess, 'pathOf' | 'signal'>,
): Promise<{
  readonly differing: readonly SamePlace[];
  readonly warnings: readonly Warning[];
}> {
  const differing: SamePlace[] = [];
  const warnings: Warning[] = [];
  const read = async (slice: SliceHeader): Promise<Float32Array> => {
    const { columns: x1, rows: y1 } = slice.format;
    return readWindowOf(pathOf(slice), slice, { x0: 0, x1, y0: 0, y1 });
  };
  for (const pair of series.samePlace) {
    signal?.throwIfAborted();
    const { kept, leftOut, by } = pair;
    const most = largestDifference(await read(kept), await read(leftOut));
    if (most === 0) {
      warnings.push({
        code: 'slice-duplicate',
        file: leftOut.file,
        message: `is a copy of ${kept.file}, at the same place; it is left out`,
      });
      continue;
    }
    differing.push(pair);
    warnings.push({
      code: 'slice-conflict',
      file: leftOut.file,
      message: `lies at the place of ${kept.file}, and differs from it by up to ${most} HU; the latter is used, because ${by}`,
    });
  }
  const undecided = differing.filter(
    ({ by }) =>
      by === 'its Instance Number is lower' ||
      by === 'its file comes first by name',
  );
  const [pair] = undecided;
  if (pair && undecided.length >= mostUndecided * series.slices.length) {
    throw new SeriesError(
      series.seriesUid,
      `${undecided.length} of its ${series.slices.length} places have two slices that differ (${pair.kept.file} and ${pair.leftOut.file}), and nothing in their headers says which are meant; keep the files of one stack`,
    );
  }
  return { differing, warnings };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (const [i, value] of a.entries()) {
    most = Math.max(most, Math.abs(value - (b[i] as number)));
  }
  return most;
}
