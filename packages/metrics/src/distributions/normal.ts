import { MetricsInputError } from '../error.js';

/** Below this, the series is short and exact; above, the continued fraction is. */
const endOfSeries = 3;

/** The standard normal density φ. */
function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * The standard normal distribution function Φ, to a relative error of about 1e-13, in the lower tail too.
 *
 * @see Marsaglia, Evaluating the Normal Distribution, J. Stat. Software 11 (2004); Laplace's continued fraction, Abramowitz &
 *   Stegun, 26.2.14
 */
export function normalCdf(z: number): number {
  if (z > endOfSeries) return 1 - normalCdf(-z);
  if (z >= -endOfSeries) return 0.5 + normalDensity(z) * seriesOf(z);
  let fraction = -z;
  for (let k = 100; k > 0; k--) fraction = -z + k / fraction;
  return normalDensity(z) / fraction;
}

/** z + z³/3 + z⁵/(3·5) + … */
function seriesOf(z: number): number {
  let term = z;
  let total = z;
  for (let odd = 3; Math.abs(term) > Number.EPSILON * 1e-3; odd += 2) {
    term *= (z * z) / odd;
    total += term;
  }
  return total;
}

/**
 * The quantile Φ⁻¹(p): infinite where p is 0 or 1.
 *
 * @throws {@link MetricsInputError} unless p is in [0, 1]
 * @see Abramowitz & Stegun, 26.2.23, for the first guess, to which Halley's method adds the other digits
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) {
    throw new MetricsInputError(`p is ${p}, expected a number from 0 to 1`);
  }
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0) return -Infinity;
  const t = Math.sqrt(-2 * Math.log(p));
  let z =
    (2.515517 + t * (0.802853 + t * 0.010328)) /
      (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) -
    t;
  for (let step = 0; step < 3; step++) {
    const newton = (normalCdf(z) - p) / normalDensity(z);
    z -= newton / (1 + (z * newton) / 2);
  }
  return z;
}
