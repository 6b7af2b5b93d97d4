import { at } from '@clip-lung/tensor';

import { type Confusion, ofConfusion } from '../confusion.js';
import { MetricsInputError } from '../error.js';
import type { Metric } from '../metric.js';

/** What it costs to take class k for class l: [true class][predicted class], K×K, finite numbers from 0. */
export type Costs = readonly (readonly number[])[];

/**
 * The mean cost of a prediction: Σ C[k][l] · count[k][l] / N, for nodules as frequent as these.
 *
 * @param confusion counts [true class][predicted class], K×K
 * @param costs     in a unit of your own; what a confusion costs is for you to say
 * @returns undefined where there are no nodules
 * @throws {@link MetricsInputError} for costs that are not K×K finite numbers from 0
 * @see Metrics Reloaded (Maier-Hein et al., Nature Methods 21, 2024), "expected cost"; Hastie, Tibshirani & Friedman, §2.4
 */
export function expectedCost(
  confusion: Confusion,
  costs: Costs,
): number | undefined {
  checkCosts(costs, confusion.length);
  let total = 0;
  let nodules = 0;
  for (const [k, row] of confusion.entries()) {
    for (const [l, count] of row.entries()) {
      total += count * at(at(costs, k), l);
      nodules += count;
    }
  }
  return nodules === 0 ? undefined : total / nodules;
}

function checkCosts(costs: Costs, classes: number): void {
  if (costs.length !== classes) {
    throw new MetricsInputError(
      `costs has ${costs.length} rows, expected ${classes}, one for each class`,
    );
  }
  for (const [k, row] of costs.entries()) {
    const odd = row.find((cost) => !(cost >= 0 && cost < Infinity));
    if (row.length === classes && odd === undefined) continue;
    throw new MetricsInputError(
      `costs[${k}] is ${row.join(', ')}, expected ${classes} finite numbers from 0`,
    );
  }
}

/** The expected cost as a metric. @throws {@link MetricsInputError} where it is measured, for costs of another number of classes */
export function expectedCostMetric(costs: Costs): Metric {
  return {
    name: 'expectedCost',
    label: 'expected cost',
    shownAs: 'decimal',
    range: [0, Infinity],
    better: 'lower',
    undefinedWhen: 'there are no nodules',
    measure: ({ confusion }) => ({
      value: expectedCost(confusion, costs) ?? null,
    }),
    resampled: (cases) => {
      checkCosts(costs, cases.confusion.length);
      return ofConfusion(cases, (drawn) => expectedCost(drawn, costs) ?? null);
    },
  };
}
