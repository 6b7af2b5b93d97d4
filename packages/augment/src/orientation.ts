import { at } from '@clip-lung/tensor';

/** An axis of a crop or an image, in the order in which they are stored: z over slices, y over rows, x over columns. */
export const axes = ['z', 'y', 'x'] as const;

export type Axis = (typeof axes)[number];

/** A value for each of z, y and x. */
export type Triple<T> = readonly [z: T, y: T, x: T];

/**
 * One of the 48 ways to lay a cube on itself: every axis of the image runs along an axis of the crop, forwards or backwards.
 * However many flips and turns are composed, the result is one of these, and exact: no voxel is interpolated.
 */
export interface Orientation {
  /** the crop's axis that each axis of the image runs along, 0 to 2 */
  readonly source: Triple<number>;
  /** whether it runs backwards */
  readonly reversed: Triple<boolean>;
}

export const upright: Orientation = {
  source: [0, 1, 2],
  reversed: [false, false, false],
};

/** The image reversed along one of its axes: `np.flip(image, axis)`. */
export function flipped(
  { source, reversed }: Orientation,
  axis: Axis,
): Orientation {
  const isReversed = (i: 0 | 1 | 2): boolean =>
    reversed[i] !== (axes[i] === axis);
  return { source, reversed: [isReversed(0), isReversed(1), isReversed(2)] };
}

/** The image turned once from the first axis towards the second: `np.rot90(image, 1, (from, to))`. */
export function turned(
  orientation: Orientation,
  [from, to]: readonly [Axis, Axis],
): Orientation {
  return swapped(
    flipped(orientation, to),
    axes.indexOf(from),
    axes.indexOf(to),
  );
}

function swapped(
  { source, reversed }: Orientation,
  a: number,
  b: number,
): Orientation {
  const other = (axis: 0 | 1 | 2): number =>
    axis === a ? b : axis === b ? a : axis;
  const pick = <T>(values: Triple<T>, axis: 0 | 1 | 2): T =>
    at(values, other(axis), 'axes');
  return {
    source: [pick(source, 0), pick(source, 1), pick(source, 2)],
    reversed: [pick(reversed, 0), pick(reversed, 1), pick(reversed, 2)],
  };
}
