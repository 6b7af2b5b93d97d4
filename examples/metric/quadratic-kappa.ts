import type { Cases, Metric } from '@clip-lung/metrics';

/**
 * Weighted kappa with quadratic weights: how far predictions agree with ordered classes, beyond what the frequencies of both
 * would bring. 1 is agreement, 0 is chance, and to take benign for malignant costs four times what it costs to take it for
 * unsure.
 *
 * @see Cohen, Psychological Bulletin 70 (1968); scikit-learn's `cohen_kappa_score(…, weights='quadratic')`
 */
const quadraticKappa: Metric = {
  name: 'quadraticKappa',
  label: 'quadratic kappa',
  shownAs: 'decimal',
  range: [-1, 1],
  better: 'higher',
  isCompared: true,
  needs: { ordered: true },
  undefinedWhen: 'all nodules are of one class, and are predicted as it',
  measure(cases) {
    const sums = termsOf(cases).map((terms) => terms.reduce((a, b) => a + b));
    return { value: kappaOf(sums) ?? null };
  },
  resampled: (cases) => ({
    values: termsOf(cases),
    // Drawn patients may all be of one class: they agree.
    statistic: (sums) => kappaOf(sums) ?? 1,
  }),
};

export default quadraticKappa;

/** What kappa needs the sums of over the nodules: with label k and prediction l, these five. */
function termsOf({ labels, predictions }: Cases): readonly Float64Array[] {
  const both = (term: (k: number, l: number) => number): Float64Array =>
    Float64Array.from(labels, (k, i) => term(k, predictions[i] ?? NaN));
  return [
    both(() => 1),
    both((k) => k),
    both((_k, l) => l),
    both((k, l) => k * k + l * l),
    both((k, l) => (k - l) ** 2),
  ];
}

/** 1 − the mean cost over what it would be if labels and predictions were independent; undefined where that is 0. */
function kappaOf(sums: readonly number[]): number | undefined {
  const [count = NaN, ofK = NaN, ofL = NaN, squares = NaN, costs = NaN] = sums;
  const byChance = squares / count - 2 * (ofK / count) * (ofL / count);
  return byChance === 0 ? undefined : 1 - costs / count / byChance;
}
