/** Powers of e that add up to 1. */
export function softmax(values: ArrayLike<number>): number[] {
  const all = Array.from(values);
  const highest = Math.max(...all);
  const powers = all.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
