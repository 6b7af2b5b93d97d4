import { binaryAuc, rankCorrelation } from '@clip-lung/metrics';
import { at } from '@clip-lung/tensor';

/** How the scores of an attribute go with the readers' ratings. */
export interface AttributeAgreement {
  readonly attribute: string;
  /** nodules that are rated */
  readonly nodules: number;
  /** Spearman's, −1..1; null where all scores or all ratings are equal, or none are there */
  readonly rankCorrelation: number | null;
  /** the chance that a nodule rated {@link highRating} or more scores above one rated {@link lowRating} or less; null without both */
  readonly auroc: number | null;
  /** nodules on either side */
  readonly high: number;
  readonly low: number;
}

/** From here on an attribute counts as present. */
export const highRating = 4;
/** Up to here it counts as absent. */
export const lowRating = 2;

/**
 * The scores of attributes against the readers' ratings.
 *
 * @param attributes M names
 * @param scores  similarities, [N][M]
 * @param ratings means over the readers, [N][M]; NaN where a nodule is not rated
 * @returns one for each attribute
 */
export function attributeAgreement(
  attributes: readonly string[],
  scores: readonly (readonly number[])[],
  ratings: readonly (readonly number[])[],
): readonly AttributeAgreement[] {
  if (scores.length !== ratings.length) {
    throw new RangeError(
      `there are scores of ${scores.length} nodules, and ratings of ${ratings.length}`,
    );
  }
  return attributes.map((attribute, m) => {
    const rated = scores
      .map((row, i) => ({
        score: at(row, m, 'attributes'),
        rating: at(at(ratings, i, 'nodules'), m, 'attributes'),
      }))
      .filter(({ rating }) => !Number.isNaN(rating));
    const clear = rated.filter(
      ({ rating }) => rating >= highRating || rating <= lowRating,
    );
    const isHigh = clear.map(({ rating }) => rating >= highRating);
    const high = isHigh.filter(Boolean).length;
    const low = clear.length - high;
    return {
      attribute,
      nodules: rated.length,
      rankCorrelation:
        rated.length === 0
          ? null
          : (rankCorrelation(
              rated.map(({ score }) => score),
              rated.map(({ rating }) => rating),
            ) ?? null),
      auroc:
        high === 0 || low === 0
          ? null
          : (binaryAuc(
              isHigh,
              clear.map(({ score }) => score),
            ) ?? null),
      high,
      low,
    };
  });
}
