import { clamp } from './profile.js';
import { calcifications, type Traits } from './traits.js';

/** Calcification of these patterns marks a nodule as benign. */
const benignPatterns: readonly number[] = [
  calcifications.popcorn,
  calcifications.laminated,
  calcifications.solid,
  calcifications.central,
];

/**
 * How malignant a nodule is, as a function of what can be seen of it: a weighted sum of its attributes. Size counts for
 * little, because a crop is scaled to the nodule's diameter.
 *
 * @returns about −1 (clearly benign) to 1 (clearly malignant), not bounded
 */
export function malignancyScore({ diameter, attributes }: Traits): number {
  const { spiculation, lobulation, margin, texture, calcification } =
    attributes;
  const score =
    0.3 * (spiculation - 3) +
    0.17 * (lobulation - 3) +
    0.17 * (3 - margin) +
    0.02 * (diameter - 10) +
    // Part-solid nodules are malignant more often than solid or non-solid ones.
    0.1 * Math.max(0, 1 - Math.abs(texture - 3));
  return benignPatterns.includes(calcification)
    ? Math.min(score, 0) - 0.4
    : score;
}

/** The score on the scale that readers rate on, 1 to 5. */
export function malignancyOf(score: number): number {
  return clamp(3 + 1.5 * score, 1, 5);
}
