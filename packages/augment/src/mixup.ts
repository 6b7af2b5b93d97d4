import { ShapeError } from '@clip-lung/tensor';

import type { BatchAugmentation, Mixture } from './augmentation.js';
import { beta } from './beta.js';
import { AugmentationError, checkWithin } from './errors.js';

export interface MixupOptions {
  /** α: shares are drawn from Beta(α, α); the larger, the more even; default 0.2 */
  readonly alpha?: number;
  /** default 1 */
  readonly probability?: number;
}

/**
 * Mixes a nodule with another one of its batch: image, targets and attribute weights, all by the same share from Beta(α, α).
 *
 * The larger share is always the nodule's own. Both nodules are drawn alike, so the mixtures have the same distribution as
 * with the share as drawn; and a nodule's label remains what most of its image shows, which the accuracy while training is
 * measured against.
 *
 * @throws `AugmentationError` when α is not above 0, or the probability is none
 * @see Zhang et al., mixup: Beyond Empirical Risk Minimization (arXiv 1710.09412), §2
 */
export function mixup({
  alpha = 0.2,
  probability = 1,
}: MixupOptions = {}): BatchAugmentation {
  if (!(alpha > 0)) {
    throw new AugmentationError(
      `alpha is ${alpha}, expected a number above 0; to do without, leave mixup out`,
    );
  }
  checkWithin('probability', probability, 0, 1);
  return {
    name: 'mixup',
    kind: 'batch',
    draw(place, batchSize, random) {
      if (random.uniform() >= probability) return { partner: place, share: 1 };
      const partner = random.integer(batchSize);
      const share = beta(alpha, alpha, random);
      return { partner, share: Math.max(share, 1 - share) };
    },
  };
}

/**
 * Rows of a batch, mixed: λ·own + (1 − λ)·partner's.
 *
 * @param rows [B, n]
 * @param mixtures B of them
 * @returns [B, n], a new array
 * @throws `ShapeError` when the rows cannot be divided among the mixtures, or a partner is none of them
 */
export function mixRows(
  rows: Float32Array,
  mixtures: readonly Mixture[],
): Float32Array<ArrayBuffer> {
  const length = rows.length / mixtures.length;
  if (
    !Number.isInteger(length) ||
    mixtures.some(({ partner }) => !(partner in mixtures))
  ) {
    throw new ShapeError(
      `${rows.length} values cannot be mixed as ${mixtures.length} rows by ${JSON.stringify(mixtures)}`,
    );
  }
  const mixed = new Float32Array(rows);
  mixtures.forEach(({ partner, share }, i) => {
    if (partner === i || share === 1) return;
    const [to, from] = [i * length, partner * length];
    for (let j = 0; j < length; j++) {
      const other = rows[from + j] as number;
      mixed[to + j] = other + share * ((rows[to + j] as number) - other);
    }
  });
  return mixed;
}
