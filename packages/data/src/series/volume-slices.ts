import { at } from '@clip-lung/tensor';

import type { SliceHeader } from '../dicom/header.js';
import type { Warning } from '../warning.js';

/** The slices of a series that make up its volume, and a warning for each of the others. */
export interface VolumeSlices {
  readonly slices: readonly SliceHeader[];
  readonly warnings: readonly Warning[];
}

/**
 * Leaves out what lies in a series beside its volume: localisers (`localizer`), and slices that are oriented otherwise than
 * more than half of them (`other-orientation`). Where no orientation has that many, nobody can say which is the volume, and all
 * stay, to be refused.
 */
export function volumeSlices(ordered: readonly SliceHeader[]): VolumeSlices {
  const warnings: Warning[] = [];
  const leave = (code: string, file: string, what: string): void => {
    const message = `${what}, among the slices of its series; it is left out`;
    warnings.push({ code, file, message });
  };
  const images = ordered.filter(({ localizer, file }) => {
    if (localizer) leave('localizer', file, 'is a localiser');
    return !localizer;
  });
  const usual = usualOf(images);
  if (usual === undefined) return { slices: images, warnings };
  const slices = images.filter((slice) => {
    const { orientation, file } = slice;
    // One that tells no orientation may be part of the volume: not to be passed over in silence.
    if (orientation === null || isParallel(usual, slice)) return true;
    leave('other-orientation', file, `is oriented ${orientation.join(' ')}`);
    return false;
  });
  return { slices, warnings };
}

/** A slice whose orientation more than half of the slices have: the one that is left when unlike pairs cancel out. */
function usualOf(slices: readonly SliceHeader[]): SliceHeader | undefined {
  let left: SliceHeader | undefined;
  let votes = 0;
  for (const slice of slices) {
    if (left === undefined || votes === 0) [left, votes] = [slice, 1];
    else votes += isParallel(left, slice) ? 1 : -1;
  }
  const found = left;
  if (found === undefined) return undefined;
  const alike = slices.filter((slice) => isParallel(found, slice)).length;
  return 2 * alike > slices.length ? found : undefined;
}

function isParallel(a: SliceHeader, b: SliceHeader): boolean {
  return near(a.orientation, b.orientation);
}

/** To 10⁻⁴, which is how exactly orientations and spacings are written; what is not told is near to nothing. */
export function near(
  a: readonly number[] | null,
  b: readonly number[] | null,
): boolean {
  if (a === null || b === null) return false;
  return a.every((value, i) => Math.abs(value - at(b, i)) <= 1e-4);
}
