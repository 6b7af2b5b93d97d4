import type { RandomStream } from '@clip-lung/tensor';

/**
 * The logarithm of a draw from Gamma(shape, 1): for small shapes the draw itself is often below the smallest number.
 *
 * @see Marsaglia & Tsang, A Simple Method for Generating Gamma Variables (ACM TOMS 26, 2000), with their §6 for shapes below 1
 */
function logGamma(shape: number, random: RandomStream): number {
  if (shape < 1) {
    const u = 1 - random.uniform();
    return logGamma(shape + 1, random) + Math.log(u) / shape;
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.uniform();
    if (Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v))) {
      return Math.log(d * v);
    }
  }
}

/** A draw from Beta(a, b), both above 0: G/(G + H) of a Gamma(a) and a Gamma(b). */
export function beta(a: number, b: number, random: RandomStream): number {
  const difference = logGamma(b, random) - logGamma(a, random);
  return 1 / (1 + Math.exp(difference));
}
