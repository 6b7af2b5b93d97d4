import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { firstNotFinite, notFiniteProblem } from './finite.js';
import { float32, int32, NdArray } from './nd-array.js';

describe('what is not finite', () => {
  it('is found as Number.isFinite finds it, whatever the bits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), {
          minLength: 1,
        }),
        (bits) => {
          const data = new Float32Array(Int32Array.from(bits).buffer);
          const found = data.findIndex((value) => !Number.isFinite(value));
          expect(
            firstNotFinite(new NdArray('float32', [data.length], data)),
          ).toBe(found < 0 ? undefined : found);
        },
      ),
      {
        examples: [
          [[0x7f800000]],
          [[0x7f800000 | -0x80000000]],
          [[0x7fc00000]],
          [[0x7f7fffff]],
          [[-1]],
          [[0, 0x7f800001]],
        ],
      },
    );
  });

  it('is found in a part of a larger buffer, in float64, and in no integers', () => {
    const whole = Float32Array.of(NaN, 1, 2, Infinity);
    const part = new NdArray('float32', [2], whole.subarray(1, 3));
    expect(firstNotFinite(part)).toBeUndefined();
    const wide = new NdArray('float64', [2], Float64Array.of(1e300, -Infinity));
    expect(firstNotFinite(wide)).toBe(1);
    expect(firstNotFinite(int32([1], [2 ** 31 - 1]))).toBeUndefined();
  });

  it('is told by name and place', () => {
    const good = ['a', float32([1], [0])] as const;
    expect(notFiniteProblem([good])).toBeUndefined();
    expect(
      notFiniteProblem([good, ['head.weight', float32([2], [0, NaN])]]),
    ).toBe('the tensor "head.weight" holds NaN at element 1');
  });
});
