import { MetricsInputError } from '../error.js';

/**
 * The part of Student's t distribution that lies within ±|t|: 1 less the two-sided p-value.
 *
 * For whole degrees of freedom it is a finite sum of cosines, so nothing is approximated.
 *
 * @param degrees whole, at least 1
 * @throws {@link MetricsInputError} for other degrees of freedom
 * @see Abramowitz & Stegun, 26.7.3 and 26.7.4
 */
function withinT(t: number, degrees: number): number {
  const angle = Math.atan(Math.abs(t) / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cosine : 1;
  let total = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2;
    total += term;
  }
  return isOdd
    ? (2 / Math.PI) * (angle + Math.sin(angle) * total)
    : Math.sin(angle) * total;
}

/** The two-sided p-value of t: how much of the distribution lies at ±|t| or beyond. */
export function studentTPValue(t: number, degrees: number): number {
  checkDegrees(degrees);
  return Math.max(0, 1 - withinT(t, degrees));
}

/** The t within whose ± a part `level` of the distribution lies. @param level in (0, 1) */
export function studentTWithin(level: number, degrees: number): number {
  checkDegrees(degrees);
  // In the angle, of which the part is a smooth function, halving ends after as many steps as a number has bits.
  let [low, high] = [0, Math.PI / 2];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    const t = Math.tan(middle) * Math.sqrt(degrees);
    if (withinT(t, degrees) < level) low = middle;
    else high = middle;
  }
  return Math.tan((low + high) / 2) * Math.sqrt(degrees);
}

function checkDegrees(degrees: number): void {
  if (Number.isInteger(degrees) && degrees >= 1) return;
  throw new MetricsInputError(
    `there are ${degrees} degrees of freedom, expected a whole number from 1`,
  );
}
