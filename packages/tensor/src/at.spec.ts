import { describe, expect, it } from 'vitest';

import { at } from './at.js';

describe('at', () => {
  it('gives what is there, zero and the empty text, too', () => {
    expect(at([3, 0], 1)).toBe(0);
    expect(at([''], 0)).toBe('');
    expect(at(new Float32Array([1.5]), 0)).toBe(1.5);
  });

  it('throws where nothing is', () => {
    expect(() => at([1, 2], 2, 'classes')).toThrow(
      new RangeError('there is nothing at 2 of 2 classes'),
    );
    expect(() => at([1, 2], -1)).toThrow(RangeError);
    expect(() => at([1, 2], 0.5)).toThrow(RangeError);
    expect(() => at([1, 2], NaN)).toThrow(RangeError);
    expect(() => {
      at([undefined], 0);
    }).toThrow(RangeError);
  });
});
