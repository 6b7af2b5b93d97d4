import { at } from '@clip-lung/tensor';

import { type Confusion, ofConfusion } from './confusion.js';
import type { Cases, Metric } from './metric.js';

/** What a confusion of class k with class l costs: the same for any two, or |k − l|, or (k − l)². */
export type KappaWeights = 'none' | 'linear' | 'quadratic';

const costs: Readonly<Record<KappaWeights, (k: number, l: number) => number>> =
  {
    none: (k, l) => Number(k !== l),
    linear: (k, l) => Math.abs(k - l),
    quadratic: (k, l) => (k - l) ** 2,
  };

/**
 * Cohen's kappa: how far predictions agree with labels beyond what the frequencies of both would bring. 1 is agreement, 0 is
 * chance. Weights are for classes that have an order.
 *
 * @param confusion counts [true class][predicted class], K×K
 * @returns in −1..1; undefined where all are of one class, and predicted as it
 * @see Cohen, Psychological Bulletin 70 (1968); scikit-learn's `cohen_kappa_score`
 */
export function cohenKappa(
  confusion: Confusion,
  weights: KappaWeights = 'none',
): number | undefined {
  const costOf = costs[weights];
  const rows = confusion.map((row) => sum(row));
  const columns = confusion.map((_, l) =>
    sum(confusion.map((row) => at(row, l))),
  );
  const total = sum(rows);
  let found = 0;
  let byChance = 0;
  confusion.forEach((row, k) => {
    row.forEach((count, l) => {
      const cost = costOf(k, l);
      found += cost * count;
      byChance += (cost * at(rows, k) * at(columns, l)) / total;
    });
  });
  return byChance > 0 ? 1 - found / byChance : undefined;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const shown = {
  shownAs: 'decimal',
  range: [-1, 1],
  better: 'higher',
  undefinedWhen: 'all nodules are of one class, and predicted as it',
} as const;

const figure = (weights: KappaWeights) => ({
  measure: ({ confusion }: Cases) => ({
    value: cohenKappa(confusion, weights) ?? null,
  }),
  resampled: (cases: Cases) =>
    ofConfusion(cases, (drawn) => cohenKappa(drawn, weights) ?? null),
});

export const kappaMetric = {
  ...shown,
  ...figure('none'),
  name: 'kappa',
  label: 'kappa',
} as const satisfies Metric;

export const linearKappaMetric = {
  ...shown,
  ...figure('linear'),
  name: 'linearKappa',
  label: 'linear kappa',
  needs: { ordered: true },
} as const satisfies Metric;

export const quadraticKappaMetric = {
  ...shown,
  ...figure('quadratic'),
  name: 'quadraticKappa',
  label: 'quadratic kappa',
  needs: { ordered: true },
} as const satisfies Metric;
