import { at } from '@clip-lung/tensor';

import { checkPaired } from '../check.js';

export interface McNemar {
  /** nodules that only a has right, and that only b has */
  readonly onlyA: number;
  readonly onlyB: number;
  /** two-sided, from the binomial distribution: never below its level, and often far above */
  readonly exactPValue: number;
  /** that with half of the probability of what was found: closer to its level, and rarely below it */
  readonly midPValue: number;
}

/**
 * McNemar's test of two classifiers on the same nodules: whether one is right more often where they differ. It takes nodules as
 * independent; where patients have several, `pairedDifference` of the accuracy draws patients.
 *
 * @param labels [N]
 * @param a      predictions of the one, [N]
 * @param b      of the other, [N]
 * @returns p-values of 1 where they never differ
 * @throws `MetricsInputError` for lists that do not fit
 * @see McNemar, Psychometrika 12 (1947); Fagerland, Lydersen & Laake, BMC Med. Res. Methodology 13:91 (2013)
 */
export function mcnemar(
  labels: readonly number[],
  a: readonly number[],
  b: readonly number[],
): McNemar {
  checkPaired(labels, a, 'predictions of a');
  checkPaired(labels, b, 'predictions of b');
  let [onlyA, onlyB] = [0, 0];
  for (const [i, label] of labels.entries()) {
    const [isA, isB] = [at(a, i) === label, at(b, i) === label];
    if (isA && !isB) onlyA++;
    if (isB && !isA) onlyB++;
  }
  const fewer = Math.min(onlyA, onlyB);
  const { upTo, of } = halves(onlyA + onlyB, fewer);
  if (onlyA === onlyB) {
    return {
      onlyA,
      onlyB,
      exactPValue: 1,
      midPValue: onlyA === 0 ? 1 : 1 - of / 2,
    };
  }
  const exactPValue = Math.min(1, 2 * upTo);
  return { onlyA, onlyB, exactPValue, midPValue: exactPValue - of };
}

/** The binomial distribution of p = 1/2: the probability of k successes, and of k or fewer. From logarithms, so that none is 0. */
function halves(
  trials: number,
  k: number,
): { readonly upTo: number; readonly of: number } {
  let logarithm = -trials * Math.LN2;
  let upTo = Math.exp(logarithm);
  for (let successes = 1; successes <= k; successes++) {
    logarithm += Math.log((trials - successes + 1) / successes);
    upTo += Math.exp(logarithm);
  }
  return { upTo, of: Math.exp(logarithm) };
}
