import { isOriginal } from '../dicom/acquisition.js';
import type { SliceHeader } from '../dicom/header.js';
import { comparePaths } from '../lidc-xml/duplicates.js';
import type { Placed } from './geometry.js';
import { gapsOf, leastDistance, median } from './positions.js';

/** What decided which of two slices at one place stays. */
export type ChosenBy =
  | 'the annotations name it'
  | 'it is an ORIGINAL image'
  | 'its Instance Number is lower'
  | 'its file comes first by name';

/** A slice that gave way to another one at its place. */
export interface SamePlace {
  readonly kept: SliceHeader;
  readonly leftOut: SliceHeader;
  readonly by: ChosenBy;
}

/**
 * Keeps one slice at every place: one that annotations name, before others; ORIGINAL before DERIVED; the lowest Instance
 * Number; the first file by name. Whether those that are left out show the same is for their pixels to tell.
 *
 * @param stack by position
 * @param named SOP Instance UIDs of the slices that annotations name
 */
export function oneAtEachPlace(
  stack: readonly Placed[],
  named: ReadonlySet<string>,
): {
  readonly stack: readonly Placed[];
  readonly leftOut: readonly SamePlace[];
} {
  const gaps = gapsOf(stack.map(([position]) => position));
  const least = leastDistance(median(gaps.filter((gap) => gap > 1e-3)));
  const places: [Placed, ...Placed[]][] = [];
  for (const placed of stack) {
    const place = places.at(-1);
    if (place && placed[0] - place[0][0] <= least) place.push(placed);
    else places.push([placed]);
  }
  const leftOut: SamePlace[] = [];
  const kept = places.map(([first, ...others]) => {
    const best = others.reduce(
      (better, [, other]) => preferred(better, other, named)[0],
      first[1],
    );
    for (const [, other] of [first, ...others]) {
      if (other === best) continue;
      const [, by] = preferred(best, other, named);
      leftOut.push({ kept: best, leftOut: other, by });
    }
    return [first[0], best] as const;
  });
  return { stack: kept, leftOut };
}

function preferred(
  a: SliceHeader,
  b: SliceHeader,
  named: ReadonlySet<string>,
): readonly [SliceHeader, ChosenBy] {
  const isNamed = ({ sopUid }: SliceHeader): boolean => named.has(sopUid);
  if (isNamed(a) !== isNamed(b)) {
    return [isNamed(a) ? a : b, 'the annotations name it'];
  }
  if (isOriginal(a) !== isOriginal(b)) {
    return [isOriginal(a) ? a : b, 'it is an ORIGINAL image'];
  }
  const [i, j] = [a.order.instance, b.order.instance];
  if (i !== null && j !== null && i !== j) {
    return [i < j ? a : b, 'its Instance Number is lower'];
  }
  const first = comparePaths(a.file, b.file) <= 0 ? a : b;
  return [first, 'its file comes first by name'];
}
