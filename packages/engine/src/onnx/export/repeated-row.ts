import { at, sameShape, sizeOf } from '@clip-lung/tensor';

import type { ConstantData, GraphValue } from '../graph/graph.js';

/** A part of a constant. */
export interface Row {
  readonly shape: readonly number[];
  readonly data: ConstantData;
}

/** What a constant repeats along the axes that `grow`, which are of length 1 in it; undefined where it repeats nothing. */
export function repeatedRow(
  { shape, constant }: GraphValue,
  grow: readonly boolean[],
): Row | undefined {
  if (constant === undefined) return undefined;
  const once = shape.map((length, axis) => (grow[axis] === true ? 1 : length));
  // Where each element of the row is found first: every other element must equal the one of its place.
  const data = constant.slice(0, sizeOf(once));
  const known = new Uint8Array(data.length);
  for (let i = 0; i < constant.length; i++) {
    const place = placeIn(once, shape, i);
    const element = constant[i] as number;
    if (known[place] === 0) data[place] = element;
    else if (!Object.is(data[place], element)) return undefined;
    known[place] = 1;
  }
  return { shape: once, data };
}

/** The place in an array of shape `once` of element `i` of one that repeats it to `shape`. */
function placeIn(
  once: readonly number[],
  shape: readonly number[],
  i: number,
): number {
  let place = 0;
  let stride = 1;
  let rest = i;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = at(shape, axis, 'axes');
    const own = at(once, axis, 'axes');
    if (own > 1) place += (rest % length) * stride;
    stride *= own;
    rest = Math.floor(rest / length);
  }
  return place;
}

export function sameRow(a: Row, b: Row | undefined): boolean {
  return (
    b !== undefined &&
    sameShape(a.shape, b.shape) &&
    sameElements(a.data, b.data)
  );
}

/** Bit for bit: NaN equals itself, and −0 is not 0. */
export function sameElements(a: ConstantData, b: ConstantData): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}
