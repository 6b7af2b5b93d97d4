/**
 * Soft edges. A structure is rendered as its sharp outline blurred by the scanner: the logistic function stands for the
 * Gauss integral (they differ by less than 0.01), so one evaluation per voxel is already free of aliasing.
 */

/** Logistic scale of a standard deviation of 1 that fits the Gauss integral best. */
const logisticScale = 1.702;

/** How much of a voxel at `depth` mm inside an edge (negative: outside) belongs to the structure, 0 to 1. */
export function edge(depth: number, sigma: number): number {
  return 1 / (1 + Math.exp((-logisticScale * depth) / sigma));
}

/** The same for a slab of half-width `half`, at `offset` mm from its middle plane; right for slabs thinner than the blur. */
export function slab(offset: number, half: number, sigma: number): number {
  return edge(half - offset, sigma) + edge(half + offset, sigma) - 1;
}

export function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
