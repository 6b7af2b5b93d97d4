import { at, RandomStream } from '@clip-lung/tensor';

import { MetricsInputError } from '../error.js';
import type { Interval } from '../interval.js';
import { meanDeviation } from '../mean-deviation.js';
import { isMet, measure, type Metric, whereUndefined } from '../metric.js';
import { bootstrap, type BootstrapMethod } from './bootstrap.js';
import { weightedFigure } from './metric-figure.js';
import { checkSameCases, type IdentifiedCases } from './paired-cases.js';
import {
  figureOfSums,
  figureOfWeights,
  type ResampledFigure,
} from './resampled-figure.js';

export interface PairedDifferenceOptions {
  readonly metric: Metric;
  /** the one method, an entry a seed, [S] */
  readonly a: readonly IdentifiedCases[];
  /** the other, by the same seeds in the same order, [S] */
  readonly b: readonly IdentifiedCases[];
  /** uniform in [0, 1); by default a stream of its own, so that the same cases always give the same interval */
  readonly random?: () => number;
  /** 2000 by default */
  readonly resamples?: number;
  /** 0.95 by default */
  readonly level?: number;
  /** `percentile` by default */
  readonly method?: BootstrapMethod;
  /** awaited about every hundredth of a second */
  readonly pause?: () => Promise<void>;
}

/** By how much a method's figure is above another's, on the same nodules. */
export interface PairedDifference {
  /** the metric's name */
  readonly metric: string;
  /** the mean over seeds of b's figure − a's; null where the figure is undefined */
  readonly difference: number | null;
  /** of each seed, [S] */
  readonly perSeed: readonly (number | null)[];
  /** over the seeds, sample standard deviation; null for a single seed, or where a difference is undefined */
  readonly deviation: number | null;
  /** of `difference`; null for a single patient, or where the figure is undefined in too many resamples */
  readonly interval: Interval | null;
  /** how the interval was computed; null where there is none */
  readonly method: BootstrapMethod | null;
  /**
   * of no difference, two-sided: twice the smaller part of resamples that lie at or beyond 0, the observed one counted
   * among them; null where there is no interval
   */
  readonly pValue: number | null;
  /** why a figure or its interval is null, in words */
  readonly reason?: string;
  readonly undefinedResamples: number;
  readonly nodules: number;
  readonly patients: number;
  readonly seeds: number;
}

/**
 * Compares two methods on the same nodules (the paired bootstrap by patient): each resample draws patients, the same for both
 * methods and all seeds, and takes the mean over seeds of the figures' difference. The interval tells how the difference
 * would vary with other patients, for these seeds; how it varies with the seed is told by `deviation`.
 *
 * @throws {@link MetricsInputError} for no seeds, another number of them, and cases that do not pair: other nodules, labels,
 *   classes or patients, naming the first
 * @see Efron & Tibshirani, An Introduction to the Bootstrap (1993), §10 and §15.4; Davison & Hinkley (1997), §3.8
 */
export async function pairedDifference({
  metric,
  a,
  b,
  random = ofItsOwn(),
  ...options
}: PairedDifferenceOptions): Promise<PairedDifference> {
  const seeds = a.length;
  if (seeds === 0 || b.length !== seeds) {
    throw new MetricsInputError(
      `there are ${seeds} seeds of a and ${b.length} of b, expected as many, at least one`,
    );
  }
  checkSameCases([
    ...a.map((one, s) => [`seed ${s} of a`, one] as const),
    ...b.map((one, s) => [`seed ${s} of b`, one] as const),
  ]);
  const { patients } = at(a, 0);
  const perSeed = a.map(({ cases }, s) =>
    difference(
      measure(metric, cases).value,
      measure(metric, at(b, s).cases).value,
    ),
  );
  const shared = {
    metric: metric.name,
    perSeed,
    nodules: patients.length,
    patients: new Set(patients).size,
    seeds,
  };
  const defined = perSeed.filter((one) => one !== null);
  if (defined.length < seeds) {
    return {
      ...shared,
      ...noInterval,
      difference: null,
      deviation: null,
      reason: `there is no ${metric.label} where ${whereUndefined(metric) ?? 'there is nothing to compute it from'}`,
      undefinedResamples: 0,
    };
  }
  const { found, undefinedResamples, ...bootstrapped } = await bootstrap(
    differenceFigure(metric, { a, b, patients }),
    { ...options, random },
  );
  const told =
    bootstrapped.interval === null
      ? { ...noInterval, reason: bootstrapped.reason }
      : { ...bootstrapped, pValue: pValueOf(found) };
  return {
    ...shared,
    ...told,
    undefinedResamples,
    difference: mean(defined),
    deviation: seeds < 2 ? null : meanDeviation(defined).deviation,
  };
}

const noInterval = { interval: null, method: null, pValue: null } as const;

function ofItsOwn(): () => number {
  const stream = new RandomStream(1, 'metrics', 'paired-difference');
  return () => stream.uniform();
}

function difference(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : b - a;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** b's figures less a's, from those of all seeds of a, then of b; null where one of them is. */
function meanDifference(figures: readonly (number | null)[]): number | null {
  const seeds = figures.length / 2;
  let total = 0;
  for (let s = 0; s < seeds; s++) {
    const one = difference(at(figures, s), at(figures, seeds + s));
    if (one === null) return null;
    total += one;
  }
  return total / seeds;
}

function differenceFigure(
  metric: Metric,
  {
    a,
    b,
    patients,
  }: {
    readonly a: readonly IdentifiedCases[];
    readonly b: readonly IdentifiedCases[];
    readonly patients: readonly string[];
  },
): ResampledFigure {
  const all = [...a, ...b].map(({ cases }) => cases);
  const { resampled } = metric;
  if (resampled === undefined || !isMet(metric.needs, at(all, 0))) {
    const figures = all.map((cases) => weightedFigure(metric, cases));
    return figureOfWeights(patients, (weights) =>
      meanDifference(figures.map((of) => of(weights))),
    );
  }
  let start = 0;
  const parts = all.map((cases) => {
    const { values, statistic } = resampled(cases);
    const from = start;
    start += values.length;
    return { values, statistic, from };
  });
  return figureOfSums(patients, {
    values: parts.flatMap(({ values }) => values),
    statistic: (sums) =>
      meanDifference(
        parts.map(({ values, statistic, from }) =>
          statistic(sums.slice(from, from + values.length)),
        ),
      ),
  });
}

/** @see Davison & Hinkley (1997), §4.4.1, for counting the observed one */
function pValueOf(found: Float64Array): number {
  const part = (count: number): number => (count + 1) / (found.length + 1);
  const notAbove = found.filter((value) => value <= 0).length;
  const notBelow = found.filter((value) => value >= 0).length;
  return Math.min(1, 2 * Math.min(part(notAbove), part(notBelow)));
}
