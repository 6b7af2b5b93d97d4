import type { SliceHeader } from '../dicom/header.js';
import type { Warning } from '../warning.js';
import { checkRescale } from './rescale.js';

type Refuse = (problem: string) => never;

/**
 * What the slices of a volume have to be each: images with HU.
 *
 * @param refuse throws a `SeriesError`
 * @returns what was odd in their headers: one warning of each kind, however many slices have it
 */
export function checkSlices(
  slices: readonly SliceHeader[],
  refuse: Refuse,
): readonly Warning[] {
  return [...checkRescale(slices, refuse), ...notedWarnings(slices)];
}

/** That a file holds one slice, which is asked before how slices lie: where frames lie, their sequences tell. */
export function expectOneFrame(slice: SliceHeader, refuse: Refuse): void {
  const { file, enhanced, orientation, position, pixelSpacing } = slice;
  const { frames, rescale } = slice.format;
  // One frame may tell all that it has to where single slices do.
  const isTold =
    orientation !== null &&
    position !== null &&
    pixelSpacing !== null &&
    rescale.kind !== 'unknown';
  if (frames === 1 && (!enhanced || isTold)) return;
  const several =
    frames === 1 ? 'one frame' : `several frames in one file: ${frames}`;
  const kind = enhanced ? ', as an Enhanced CT image' : '';
  refuse(
    `${file} has ${several}${kind}, and is not read: expected a file for each slice. Convert the series to single-frame CT images first`,
  );
}

function notedWarnings(slices: readonly SliceHeader[]): readonly Warning[] {
  const kinds = new Map<string, { warning: Warning; files: number }>();
  for (const { file, notes } of slices) {
    const codes = new Set<string>();
    for (const { code, message } of notes) {
      const kind = kinds.get(code);
      if (kind === undefined) {
        kinds.set(code, { warning: { code, file, message }, files: 1 });
      } else if (!codes.has(code)) kind.files += 1;
      codes.add(code);
    }
  }
  return [...kinds.values()].map(({ warning, files }) => ({
    ...warning,
    message: `${warning.message} (${files} of ${slices.length} slices of its series)`,
  }));
}
