import { at } from '@clip-lung/tensor';

import type { Annotation } from '../lidc-xml/readings.js';
import type { Agreement } from './agreement.js';

/** How far the readers of a nodule agree on its shape. */
export interface ShapeAgreement {
  /** pairs of readers */
  readonly pairs: number;
  /** Dice coefficient of two readers' masks, over the pairs; undefined for a single reader */
  readonly mean: number | undefined;
  readonly least: number | undefined;
}

/**
 * The Dice coefficients 2·|A ∩ B| / (|A| + |B|) of all pairs of a nodule's readers. A reader's mask is what any of the
 * reader's annotations holds, and |A| its volume. Readers who both hold no voxel agree wholly.
 *
 * @param annotations those that the agreement was made of, in the same order
 * @param weightOf what a voxel of a slice counts, see `weightOfSlice`
 */
export function shapeAgreement(
  annotations: readonly Annotation[],
  { masks }: Agreement,
  weightOf: (slice: number) => number = () => 1,
): ShapeAgreement {
  const sessions = [...new Set(annotations.map(({ session }) => session))];
  const count = sessions.length;
  const readers = annotations.map(({ session }) => sessions.indexOf(session));
  // both[i · count + j]: the voxels that the readers i and j hold; on the diagonal, those that a reader holds.
  const both = new Float64Array(count * count);
  for (const [held, voxels] of voxelsByReaders(masks, readers, weightOf)) {
    for (let i = 0; i < count; i++) {
      if (held % 2 ** (i + 1) < 2 ** i) continue;
      for (let j = 0; j <= i; j++) {
        if (held % 2 ** (j + 1) < 2 ** j) continue;
        both[i * count + j] = at(both, i * count + j) + voxels;
      }
    }
  }
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const sum = at(both, i * count + i) + at(both, j * count + j);
      found.push(sum === 0 ? 1 : (2 * at(both, i * count + j)) / sum);
    }
  }
  const pairs = found.length;
  if (pairs === 0) return { pairs, mean: undefined, least: undefined };
  return {
    pairs,
    mean: found.reduce((sum, value) => sum + value, 0) / pairs,
    least: Math.min(...found),
  };
}

/**
 * How many weighted voxels each set of readers holds, and no other: the set as the sum of 2ⁱ over its readers i.
 *
 * @param masks of the annotations
 * @param readers each annotation's
 */
function voxelsByReaders(
  masks: Agreement['masks'],
  readers: readonly number[],
  weightOf: (slice: number) => number,
): ReadonlyMap<number, number> {
  const voxels = new Map<number, number>();
  const slices = new Set(masks.flatMap((own) => [...own.keys()]));
  for (const slice of slices) {
    const inSlice = masks.flatMap((own, i) => {
      const mask = own.get(slice);
      return mask === undefined ? [] : [{ mask, reader: at(readers, i) }];
    });
    const held = new Float64Array(at(inSlice, 0).mask.length);
    for (const { mask, reader } of inSlice) {
      const bit = 2 ** reader;
      for (let voxel = 0; voxel < mask.length; voxel++) {
        const set = held[voxel] as number;
        // A reader may hold a voxel by several annotations, and counts once.
        if (mask[voxel] !== 1 || set % (2 * bit) >= bit) continue;
        held[voxel] = set + bit;
      }
    }
    const weight = weightOf(slice);
    for (const set of held) {
      if (set > 0) voxels.set(set, (voxels.get(set) ?? 0) + weight);
    }
  }
  return voxels;
}
