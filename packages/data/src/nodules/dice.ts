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
 * reader's annotations holds. Readers who both hold no voxel agree wholly.
 *
 * @param annotations those that the agreement was made of, in the same order
 */
export function shapeAgreement(
  annotations: readonly Annotation[],
  { masks }: Agreement,
): ShapeAgreement {
  const numbers = new Map<number, number>();
  for (const { session } of annotations) {
    if (!numbers.has(session)) numbers.set(session, numbers.size);
  }
  const count = numbers.size;
  // both[i · count + j]: the voxels that the readers i and j hold; on the diagonal, those that a reader holds.
  const both = new Float64Array(count * count);
  for (const held of readersByVoxel(annotations, masks, numbers)) {
    for (let i = 0; i < count; i++) {
      if (held % 2 ** (i + 1) < 2 ** i) continue;
      for (let j = 0; j <= i; j++) {
        if (held % 2 ** (j + 1) >= 2 ** j) add(both, i * count + j);
      }
    }
  }
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const sum = (both[i * count + i] ?? 0) + (both[j * count + j] ?? 0);
      found.push(sum === 0 ? 1 : (2 * (both[i * count + j] ?? 0)) / sum);
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

/** Of every voxel that a reader holds, the sum of 2ⁱ over the readers i that do. */
function* readersByVoxel(
  annotations: readonly Annotation[],
  masks: Agreement['masks'],
  numbers: ReadonlyMap<number, number>,
): Generator<number, void> {
  const slices = new Set(masks.flatMap((own) => [...own.keys()]));
  for (const slice of slices) {
    const held = new Map<number, readonly Uint8Array[]>();
    for (const [i, { session }] of annotations.entries()) {
      const mask = masks[i]?.get(slice);
      const number = numbers.get(session) ?? 0;
      if (mask) held.set(number, [...(held.get(number) ?? []), mask]);
    }
    const size = masks.find((own) => own.has(slice))?.get(slice)?.length ?? 0;
    for (let at = 0; at < size; at++) {
      let sum = 0;
      for (const [number, own] of held) {
        if (own.some((mask) => mask[at] === 1)) sum += 2 ** number;
      }
      if (sum > 0) yield sum;
    }
  }
}

function add(counts: Float64Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}
