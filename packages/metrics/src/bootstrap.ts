import { MetricsInputError } from './error.js';
import type { Interval } from './interval.js';

export interface BootstrapOptions {
  /** the group of each of the N: their patient. Groups are drawn whole, because their members resemble each other. */
  readonly groups: readonly string[];
  /** computes the statistic from the indices that were drawn, which repeat */
  readonly statistic: (indices: readonly number[]) => number;
  /** uniform in [0, 1); one call a group and resample, so a seeded one makes the interval reproducible */
  readonly random: () => number;
  /** 2000 by default */
  readonly resamples?: number;
  /** 0.95 by default */
  readonly level?: number;
}

/**
 * Percentile bootstrap interval of any statistic over grouped cases (the cluster bootstrap): each resample draws as
 * many groups as there are, with replacement, and takes all their cases. With few groups it is too narrow, and where
 * every case is right it has no width at all.
 *
 * @throws {@link MetricsInputError} for fewer than two groups, or an option outside its range
 * @see Davison & Hinkley, Bootstrap Methods and their Application (1997), §3.8 and §5.3
 */
export function bootstrapInterval({
  groups,
  statistic,
  random,
  resamples = 2000,
  level = 0.95,
}: BootstrapOptions): Interval {
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new MetricsInputError(
      `resamples is ${resamples}, expected at least 1`,
    );
  }
  if (!(level > 0 && level < 1)) {
    throw new MetricsInputError(`level is ${level}, expected (0, 1)`);
  }
  const members = membersOf(groups);
  if (members.length < 2) {
    throw new MetricsInputError(
      `there are ${members.length} groups, expected at least 2`,
    );
  }
  const values = Array.from({ length: resamples }, () =>
    statistic(
      Array.from(
        members,
        () => members[Math.floor(random() * members.length)] ?? [],
      ).flat(),
    ),
  ).sort((a, b) => a - b);
  return {
    low: quantile(values, (1 - level) / 2),
    high: quantile(values, (1 + level) / 2),
  };
}

/** The indices of each group, groups in the order in which they appear. */
function membersOf(groups: readonly string[]): readonly (readonly number[])[] {
  const members = new Map<string, number[]>();
  for (const [index, group] of groups.entries()) {
    const own = members.get(group);
    if (own === undefined) members.set(group, [index]);
    else own.push(index);
  }
  return [...members.values()];
}

/** Linear interpolation between the neighbours, numpy's default. @param sorted at least one value */
function quantile(sorted: readonly number[], part: number): number {
  const at = part * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}
