import { checkPart } from '../check-binary.js';
import { MetricsInputError } from '../error.js';
import type { Interval } from '../interval.js';
import { bcaParts } from './bca.js';
import { quantile } from './quantile.js';
import { resample, type ResampleOptions } from './resample.js';
import {
  figureOfSums,
  finiteOrNull,
  type OfSums,
  type ResampledFigure,
} from './resampled-figure.js';

/** Which quantiles of the resamples are the ends: those of the level, or as bias and skewness correct them. */
export type BootstrapMethod = 'percentile' | 'bca';

export interface IntervalOptions extends ResampleOptions {
  /** 0.95 by default */
  readonly level?: number;
  /** `percentile` by default. Where `bca` cannot be computed, the interval is a percentile one, and says so */
  readonly method?: BootstrapMethod;
}

/** What drawing groups again tells of a figure. */
export type Bootstrapped = {
  /** those of the resamples, ascending, of which the figure is defined */
  readonly found: Float64Array;
  /** of the resamples, those of which the figure is undefined, such as those without a class */
  readonly undefinedResamples: number;
} & (
  | {
      readonly interval: Interval;
      /** how it was computed */
      readonly method: BootstrapMethod;
    }
  | {
      readonly interval: null;
      /** why there is none, in words that follow "no interval: " */
      readonly reason: string;
    }
);

/**
 * The bootstrap interval of a figure over grouped cases. Resamples of which it is undefined are left out; where they are more
 * than 1 − level, there is no interval, because they alone could reach beyond both of its ends.
 *
 * @throws {@link MetricsInputError} for an option outside its range, or a figure that is neither finite nor null
 * @see {@link bootstrapInterval}
 */
export async function bootstrap(
  figure: ResampledFigure,
  { level = 0.95, method = 'percentile', ...options }: IntervalOptions,
): Promise<Bootstrapped> {
  checkPart(level, 'level');
  const groups = figure.kinds.kindOf.length;
  const reason =
    groups < 2
      ? `there are ${groups} groups, expected at least 2`
      : figure.noInterval;
  if (reason !== undefined) {
    const found = new Float64Array();
    return { interval: null, reason, found, undefinedResamples: 0 };
  }
  const all = await resample(figure, options);
  const found = Float64Array.from(all.filter((value) => value !== null)).sort();
  const undefinedResamples = all.length - found.length;
  const observed = finiteOrNull(figure.of(figure.kinds.sizes), 'of all cases');
  if (observed === null) {
    return {
      interval: null,
      reason: 'the figure is undefined of all cases',
      found,
      undefinedResamples,
    };
  }
  if (undefinedResamples > (1 - level) * all.length) {
    return {
      interval: null,
      reason: `the figure is undefined in ${undefinedResamples} of ${all.length} resamples`,
      found,
      undefinedResamples,
    };
  }
  const corrected =
    method === 'bca' ? bcaParts(figure, { observed, found, level }) : undefined;
  const parts = corrected ?? { low: (1 - level) / 2, high: (1 + level) / 2 };
  return {
    interval: {
      low: quantile(found, parts.low),
      high: quantile(found, parts.high),
    },
    method: corrected === undefined ? 'percentile' : 'bca',
    found,
    undefinedResamples,
  };
}

export interface BootstrapOptions extends IntervalOptions {
  /** the group of each of the N: their patient. Groups are drawn whole, because their members resemble each other. */
  readonly groups: readonly string[];
  readonly values: OfSums['values'];
  /** computes the statistic from the sums of `values` over the cases that were drawn, [S] */
  readonly statistic: (sums: readonly number[]) => number;
}

/**
 * Percentile bootstrap interval of a statistic of sums over grouped cases (the cluster bootstrap): each resample draws as
 * many groups as there are, with replacement, and takes all their cases. An accuracy is `([right, all]) => right / all` of
 * the lists [1 where a case is right, 1]; a list for each cell of a confusion matrix gives what follows from one.
 * With few groups it is too narrow, and where every case is right it has no width at all.
 *
 * Groups of equal sums are of one kind, and a resample is no more than how many there are of each. Up to 65,536 groups are
 * drawn one by one. Of more, where kinds are few, their numbers are drawn at once, as the multinomial numbers that they are.
 *
 * @throws {@link MetricsInputError} for fewer than two groups, lists that do not fit, an option outside its range, or a
 *   statistic that is not a finite number
 * @see Davison & Hinkley, Bootstrap Methods and their Application (1997), §3.8 and §5.3
 */
export async function bootstrapInterval({
  groups,
  values,
  statistic,
  ...options
}: BootstrapOptions): Promise<Interval> {
  const bootstrapped = await bootstrap(
    figureOfSums(groups, { values, statistic }),
    options,
  );
  if (bootstrapped.interval !== null) return bootstrapped.interval;
  throw new MetricsInputError(bootstrapped.reason);
}
