import type { NdArray } from './nd-array.js';

/** All ones in these bits of a float32 make it infinite, or no number. */
const exponent = 0x7f800000;
/** Carries an exponent of all ones into the sign. */
const carry = 0x00800000;

/** The place of the first element that is infinite or no number; undefined where all are finite. */
export function firstNotFinite({ dtype, data }: NdArray): number | undefined {
  if (dtype !== 'float32' && dtype !== 'float64') return undefined;
  // Bits, or'ed together: a weight's elements are looked at in well under a nanosecond each.
  if (dtype === 'float32' && bitsAreFinite(data)) return undefined;
  const place = (data as Float32Array).findIndex(
    (value) => !Number.isFinite(value),
  );
  return place < 0 ? undefined : place;
}

function bitsAreFinite({ buffer, byteOffset, length }: NdArray['data']) {
  const bits = new Int32Array(buffer, byteOffset, length);
  let found = 0;
  for (let i = 0; i < length; i++) {
    found |= ((bits[i] as number) & exponent) + carry;
  }
  return found >= 0;
}

/** What is not finite among arrays: `the tensor "head.weight" holds NaN at element 3`; undefined where all are finite. */
export function notFiniteProblem(
  tensors: Iterable<readonly [name: string, array: NdArray]>,
): string | undefined {
  for (const [name, array] of tensors) {
    const place = firstNotFinite(array);
    if (place === undefined) continue;
    return `the tensor "${name}" holds ${String(array.data[place])} at element ${place}`;
  }
  return undefined;
}
