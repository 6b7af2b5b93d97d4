import { at } from '@clip-lung/tensor';

/*
 * The matrices of Winograd's F(m, 3), which finds m outputs of a filter of 3 elements by m + 2 multiplications,
 *
 *     y = Aᵀ·((G·w) ⊙ (Bᵀ·x)),
 *
 * made by the method of Toom and Cook: a convolution is a product of polynomials, found from its values at m + 1 points and
 * at infinity.
 *
 * Barabasz, Anderson, Soodhalter & Gregg, Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural
 * Networks (arXiv 1803.10986), §3.
 */

type Matrix = readonly (readonly number[])[];

export interface WinogradMatrices {
  /** outputs of a tile along an axis, m */
  readonly outputs: number;
  /** inputs of a tile along an axis, and multiplications: m + 2 */
  readonly points: number;
  /** Bᵀ, [points, points] */
  readonly input: Matrix;
  /** Aᵀ, [outputs, points] */
  readonly output: Matrix;
  /** G, [points, 3] */
  readonly filter: Matrix;
}

const filterSize = 3;

/** @param places m + 1 different numbers; infinity is added */
function winogradMatrices(places: readonly number[]): WinogradMatrices {
  const points = places.length + 1;
  const outputs = points + 1 - filterSize;
  const powers = (count: number): Matrix =>
    places.map((place) => Array.from({ length: count }, (_, i) => place ** i));
  const atInfinity = (count: number): readonly number[] =>
    Array.from({ length: count }, (_, i) => Number(i === count - 1));
  const others = (left: number): readonly number[] =>
    places.filter((_, i) => i !== left);
  const output = [...powers(outputs), atInfinity(outputs)];
  return {
    outputs,
    points,
    output: Array.from({ length: outputs }, (_, i) =>
      output.map((row) => at(row, i)),
    ),
    filter: [
      ...powers(filterSize).map((row, i) => {
        const place = at(places, i);
        const scale = others(i).reduce(
          (all, other) => all * (place - other),
          1,
        );
        return row.map((value) => value / scale);
      }),
      atInfinity(filterSize),
    ],
    input: [
      ...places.map((_, i) => [...coefficients(others(i)), 0]),
      coefficients(places),
    ],
  };
}

/** ∏ (x − root) by its coefficients, the constant first. */
function coefficients(roots: readonly number[]): readonly number[] {
  return roots.reduce<readonly number[]>(
    (polynomial, root) => {
      const timesX = [0, ...polynomial];
      const whole = [...polynomial, 0];
      return timesX.map((value, i) => value - root * at(whole, i));
    },
    [1],
  );
}

/** F(2, 3): exact matrices, 2.25 multiplications saved for one in two dimensions. */
export const twoOutputs = winogradMatrices([0, 1, -1]);

/**
 * F(4, 3): 4 multiplications saved for one. At the usual points, 0, ±1 and ±2, it is 3 to 5 times less exact than at these,
 * where its error is two to three times that of an ordinary sum.
 */
export const fourOutputs = winogradMatrices([0, 0.75, -0.75, 1.5, -1.5]);
