/** Below this mean, summing up the probabilities takes few steps; above, fewer than two candidates are drawn. */
const meanOfRejection = 10;

/**
 * A binomial random number: how many of `trials` succeed, each with probability `p`. Exact but for rounding: by
 * inversion where few succeed, else by transformed rejection.
 *
 * @param random uniform in [0, 1); called as often as it takes
 * @see Hörmann, The generation of binomial random variates, J. Stat. Comput. Simul. 46 (1993), algorithm BTRS
 */
export function binomial(
  trials: number,
  p: number,
  random: () => number,
): number {
  if (p > 0.5) return trials - binomial(trials, 1 - p, random);
  return trials * p < meanOfRejection
    ? byInversion(trials, p, random)
    : byRejection(trials, p, random);
}

function byInversion(trials: number, p: number, random: () => number): number {
  const odds = p / (1 - p);
  let probability = (1 - p) ** trials;
  let rest = random();
  for (let successes = 0; successes < trials; successes++) {
    if (rest < probability) return successes;
    rest -= probability;
    probability *= ((trials - successes) / (successes + 1)) * odds;
  }
  return trials;
}

function byRejection(trials: number, p: number, random: () => number): number {
  const deviation = Math.sqrt(trials * p * (1 - p));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const centre = trials * p + 0.5;
  const alpha = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor((trials + 1) * p);
  const odds = p / (1 - p);
  const ofMode = stirling(mode) + stirling(trials - mode);
  for (;;) {
    const u = random() - 0.5;
    const v = random();
    const edge = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / edge + b) * u + centre);
    // Most lie where no logarithm is needed.
    if (edge >= 0.07 && v <= 0.92 - 4.2 / b) return k;
    if (!(k >= 0 && k <= trials)) continue;
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (trials - mode + 1))) +
      (trials + 1) * Math.log((trials - mode + 1) / (trials - k + 1)) +
      (k + 0.5) * Math.log((odds * (trials - k + 1)) / (k + 1)) +
      ofMode -
      stirling(k) -
      stirling(trials - k);
    if (Math.log((v * alpha) / (a / edge ** 2 + b)) <= bound) return k;
  }
}

/** ln k! without ½ ln 2π + (k + ½) ln(k + 1) − (k + 1): of the first ten from the factorial, of others by the series. */
function stirling(k: number): number {
  const known = ofFirst[k];
  if (known !== undefined) return known;
  const square = (k + 1) ** 2;
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1);
}

const ofFirst = Array.from({ length: 10 }, (_first, k) => {
  let factorial = 1;
  for (let factor = 2; factor <= k; factor++) factorial *= factor;
  return (
    Math.log(factorial / Math.sqrt(2 * Math.PI)) -
    (k + 0.5) * Math.log(k + 1) +
    (k + 1)
  );
});
