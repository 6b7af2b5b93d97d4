import { at } from '@clip-lung/tensor';

import { checkPaired } from './check.js';
import { checkPart } from './check-binary.js';
import { studentTWithin } from './distributions/student-t.js';
import { type Interval, scoreInterval } from './interval.js';
import { groupPlaces } from './resampling/group-places.js';

export interface ClusteredProportion {
  readonly proportion: number;
  /** null for a single group */
  readonly interval: Interval | null;
  /** by what factor the variance is above that of independent cases, at least 1; null for a single group */
  readonly designEffect: number | null;
  readonly cases: number;
  readonly groups: number;
}

/**
 * A proportion of grouped cases, such as an accuracy, a sensitivity or a bin's frequency, with Wilson's interval of as many
 * independent cases as would tell as much: their number divided by the design effect, the t distribution for the normal one. It
 * has a width even where all or none succeed; there each group counts as one case.
 *
 * @param successes of each case, [N]
 * @param groups    the patient of each, [N]
 * @throws `MetricsInputError` for lists that do not fit, or a level outside (0, 1)
 * @see Rao & Scott, Biometrics 48 (1992), for the design effect; Korn & Graubard, Survey Methodology 24 (1998)
 */
export function clusteredProportion(
  successes: readonly boolean[],
  groups: readonly string[],
  level = 0.95,
): ClusteredProportion {
  checkPaired(successes, groups, 'groups');
  checkPart(level, 'level');
  const cases = successes.length;
  const proportion = successes.filter(Boolean).length / cases;
  const { placeOf, count } = groupPlaces(groups);
  const found = { proportion, cases, groups: count };
  if (count < 2) return { ...found, interval: null, designEffect: null };
  const designEffect = designEffectOf({
    successes,
    placeOf,
    count,
    proportion,
  });
  const interval = scoreInterval({
    p: proportion,
    trials: cases / designEffect,
    z: studentTWithin(level, count - 1),
  });
  return { ...found, interval, designEffect };
}

function designEffectOf({
  successes,
  placeOf,
  count,
  proportion,
}: {
  readonly successes: readonly boolean[];
  readonly placeOf: Uint32Array;
  readonly count: number;
  readonly proportion: number;
}): number {
  const cases = successes.length;
  const ifIndependent = cases * proportion * (1 - proportion);
  if (ifIndependent === 0) return cases / count;
  const residuals = new Float64Array(count);
  for (const [i, success] of successes.entries()) {
    const place = at(placeOf, i);
    residuals[place] = at(residuals, place) + Number(success) - proportion;
  }
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  return Math.max(1, ((count / (count - 1)) * squares) / ifIndependent);
}
