import { MetricsInputError } from './error.js';

/** Both ends of a confidence interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 97.5 % point of the normal distribution: a 95 % interval. */
const z95 = 1.959963984540054;

/**
 * Wilson's score interval of a proportion, without continuity correction. It keeps to 0..1 and has a width even when
 * all or none succeed. It takes the trials as independent: nodules of one patient are not quite, see `bootstrapInterval`.
 *
 * @param z the normal quantile of the level; 1.95996… (95 %) by default
 * @throws {@link MetricsInputError} unless 0 ≤ successes ≤ trials, trials ≥ 1, z > 0
 * @see Wilson, JASA 22 (1927); Brown, Cai & DasGupta, Statistical Science 16 (2001), §3.1.1
 */
export function wilsonInterval(
  successes: number,
  trials: number,
  z: number = z95,
): Interval {
  const whole = Number.isInteger(successes) && Number.isInteger(trials);
  if (!whole || successes < 0 || trials < 1 || successes > trials) {
    throw new MetricsInputError(
      `${successes} of ${trials} succeeded, expected whole numbers, 0 ≤ successes ≤ trials, trials ≥ 1`,
    );
  }
  if (!(z > 0)) throw new MetricsInputError(`z is ${z}, expected above 0`);
  return scoreInterval({ p: successes / trials, trials, z });
}

/** Wilson's interval of a proportion of trials that need not be whole. */
export function scoreInterval({
  p,
  trials,
  z,
}: {
  readonly p: number;
  readonly trials: number;
  readonly z: number;
}): Interval {
  const square = z ** 2;
  const centre = p + square / (2 * trials);
  const spread =
    z * Math.sqrt((p * (1 - p)) / trials + square / (4 * trials ** 2));
  const scale = 1 + square / trials;
  // At the ends the formula gives 0 and 1 but for rounding.
  return {
    low: p === 0 ? 0 : (centre - spread) / scale,
    high: p === 1 ? 1 : (centre + spread) / scale,
  };
}
