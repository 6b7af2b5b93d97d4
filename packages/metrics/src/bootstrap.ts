import { at } from '@clip-lung/tensor';

import { binomial } from './binomial.js';
import { MetricsInputError } from './error.js';
import { type GroupKinds, groupKinds } from './group-kinds.js';
import type { Interval } from './interval.js';

export interface BootstrapOptions {
  /** the group of each of the N: their patient. Groups are drawn whole, because their members resemble each other. */
  readonly groups: readonly string[];
  /** what the statistic needs the sums of: S lists of N finite numbers */
  readonly values: readonly ArrayLike<number>[];
  /** computes the statistic from the sums of `values` over the cases that were drawn, [S] */
  readonly statistic: (sums: readonly number[]) => number;
  /** uniform in [0, 1), so that a seeded one makes the interval reproducible. Of up to 65,536 groups, one call a group and resample */
  readonly random: () => number;
  /** 2000 by default */
  readonly resamples?: number;
  /** 0.95 by default */
  readonly level?: number;
  /** awaited about every hundredth of a second: whoever lets the event loop turn there is heard, and ends it by throwing */
  readonly pause?: () => Promise<void>;
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
  random,
  resamples = 2000,
  level = 0.95,
  pause,
}: BootstrapOptions): Promise<Interval> {
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new MetricsInputError(
      `resamples is ${resamples}, expected at least 1`,
    );
  }
  if (!(level > 0 && level < 1)) {
    throw new MetricsInputError(`level is ${level}, expected (0, 1)`);
  }
  const kinds = groupKinds(groups, values);
  const count = kinds.kindOf.length;
  if (count < 2) {
    throw new MetricsInputError(
      `there are ${count} groups, expected at least 2`,
    );
  }
  const atOnce =
    count > mostOneByOne && count > stepsOfBinomial * kinds.sizes.length;
  const draw = atOnce ? drawNumbers : drawOneByOne;
  const steps = atOnce ? stepsOfBinomial * kinds.sizes.length : count;
  const found = new Float64Array(resamples);
  let sincePause = 0;
  for (let resample = 0; resample < resamples; resample++) {
    const value = statistic(sumsOf(draw(kinds, random), kinds));
    if (!Number.isFinite(value)) {
      throw new MetricsInputError(
        `the statistic of resample ${resample} is ${value}, expected a finite number`,
      );
    }
    found[resample] = value;
    sincePause += steps;
    if (sincePause < stepsBetweenPauses) continue;
    sincePause = 0;
    await pause?.();
  }
  found.sort();
  return {
    low: quantile(found, (1 - level) / 2),
    high: quantile(found, (1 + level) / 2),
  };
}

/** More groups than this take seconds one by one. */
const mostOneByOne = 65_536;
/** One binomial number takes about as long as so many draws. */
const stepsOfBinomial = 16;
const stepsBetweenPauses = 1_000_000;

/** How many groups of each kind a resample has. */
type Draw = (kinds: GroupKinds, random: () => number) => Float64Array;

const drawOneByOne: Draw = ({ kindOf, sizes }, random) => {
  const drawn = new Float64Array(sizes.length);
  for (let i = 0; i < kindOf.length; i++) {
    const uniform = random();
    const kind = kindOf[Math.floor(uniform * kindOf.length)];
    if (kind === undefined) {
      throw new MetricsInputError(
        `random gave ${uniform}, expected a number in [0, 1)`,
      );
    }
    drawn[kind] = (drawn[kind] as number) + 1;
  }
  return drawn;
};

/** The numbers are multinomial: each is binomial among those that the kinds before it have left. */
const drawNumbers: Draw = ({ kindOf, sizes }, random) => {
  let toDraw = kindOf.length;
  let groups = kindOf.length;
  return Float64Array.from(sizes, (size) => {
    const drawn = binomial(toDraw, size / groups, random);
    toDraw -= drawn;
    groups -= size;
    return drawn;
  });
};

function sumsOf(drawn: Float64Array, { sums }: GroupKinds): readonly number[] {
  return sums.map((ofKind) =>
    drawn.reduce(
      (total, times, kind) => total + times * (ofKind[kind] as number),
      0,
    ),
  );
}

/** Linear interpolation between the neighbours, numpy's default. @param sorted at least one value */
function quantile(sorted: Float64Array, part: number): number {
  const place = part * (sorted.length - 1);
  const below = at(sorted, Math.floor(place));
  const above = at(sorted, Math.ceil(place));
  return below + (above - below) * (place - Math.floor(place));
}
