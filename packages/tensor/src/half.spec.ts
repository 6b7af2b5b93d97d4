import { describe, expect, it } from 'vitest';
import { widenHalf } from './half.js';

describe('widenHalf', () => {
  it('gives the value of every one of the 65,536 halves', () => {
    const all = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);
    const wide = widenHalf(all);
    const expected = Float32Array.from(all, (bits) => {
      const sign = bits >> 15 === 0 ? 1 : -1;
      const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
      if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
      return exponent === 0
        ? sign * fraction * 2 ** -24
        : sign * (1024 + fraction) * 2 ** (exponent - 25);
    });
    const different = [...all].filter(
      (bits) => !Object.is(wide[bits], expected[bits]),
    );
    expect(different).toEqual([]);
  });
});
