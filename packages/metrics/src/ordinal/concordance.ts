import { at } from '@clip-lung/tensor';

import { checkClasses, checkProbabilities } from '../check.js';
import { checkScores } from '../check-binary.js';
import type { Cases, Metric } from '../metric.js';
import type { OfWeights } from '../resampling/resampled-figure.js';

/**
 * Ordinal concordance, Harrell's C of classes that have an order: of all pairs of nodules of different classes, the part whose
 * scores have the same order as the classes, ties counting half. 1 is perfect order, 0.5 is chance; of two classes it is the
 * AUC. Somers' D of the scores given the labels is 2·C − 1 (scipy's `somersd(labels, scores)`).
 *
 * @param labels class indices in their order, [N]
 * @param scores higher means a higher class, [N], such as {@link expectedClass}
 * @returns in 0..1; undefined where all are of one class
 * @throws `MetricsInputError` for lists of unequal length, empty ones, or a score that is not a number
 * @see Harrell, Lee & Mark, Statistics in Medicine 15 (1996), §5; Somers, American Sociological Review 27 (1962)
 */
export function ordinalConcordance(
  labels: readonly number[],
  scores: readonly number[],
): number | undefined {
  checkScores(labels, scores);
  checkClasses(labels, Infinity, 'labels');
  const weights = new Float64Array(labels.length).fill(1);
  return weightedConcordance(labels, scores)(weights) ?? undefined;
}

/**
 * Σₖ k·pₖ of each nodule, [N]: a score by which nodules are ordered. Rounded to 1e-12, so that what is equal but for the order
 * of additions is a tie.
 *
 * @param probabilities [N, K]
 * @throws `MetricsInputError` for rows that do not fit
 */
export function expectedClass(
  probabilities: readonly (readonly number[])[],
): readonly number[] {
  checkProbabilities(
    probabilities.map(() => 0),
    probabilities,
  );
  return probabilities.map(
    (row) =>
      Math.round(row.reduce((total, p, k) => total + k * p, 0) * 1e12) / 1e12,
  );
}

/** Scores are sorted once; each resample goes through them once, counting the classes that lie below. */
function weightedConcordance(
  labels: readonly number[],
  scores: readonly number[],
): OfWeights {
  const classes = Math.max(...new Set(labels)) + 1;
  const order = Uint32Array.from(scores, (_score, index) => index).sort(
    (one, other) => at(scores, one) - at(scores, other),
  );
  const labelAt = Uint32Array.from(order, (i) => at(labels, i));
  const isTied = Uint8Array.from(order, (i, place) =>
    place > 0 && scores[i] === scores[at(order, place - 1)] ? 1 : 0,
  );
  return (weights) => {
    const below = new Float64Array(classes);
    const tied = new Float64Array(classes);
    let concordant = 0;
    // A tie's pairs are those of a higher class with what is below of a lower one, and half of those within.
    const close = (): void => {
      let lower = 0;
      for (let k = 0; k < classes; k++) {
        concordant += (tied[k] as number) * lower;
        lower += (below[k] as number) + (tied[k] as number) / 2;
      }
      for (let k = 0; k < classes; k++) {
        below[k] = (below[k] as number) + (tied[k] as number);
        tied[k] = 0;
      }
    };
    for (let place = 0; place < order.length; place++) {
      if (isTied[place] === 0 && place > 0) close();
      const label = labelAt[place] as number;
      tied[label] =
        (tied[label] as number) + (weights[order[place] as number] as number);
    }
    close();
    const total = below.reduce((sum, count) => sum + count, 0);
    const within = below.reduce((sum, count) => sum + count ** 2, 0);
    const pairs = (total ** 2 - within) / 2;
    return pairs === 0 ? null : concordant / pairs;
  };
}

export const ordinalConcordanceMetric = {
  name: 'ordinalConcordance',
  label: 'ordinal concordance',
  shownAs: 'decimal',
  range: [0, 1],
  better: 'higher',
  needs: { ordered: true },
  undefinedWhen: 'all nodules are of one class',
  measure: ({ labels, probabilities }) => ({
    value: ordinalConcordance(labels, expectedClass(probabilities)) ?? null,
  }),
  weighted: ({ labels, probabilities }: Cases) =>
    weightedConcordance(labels, expectedClass(probabilities)),
} as const satisfies Metric;
