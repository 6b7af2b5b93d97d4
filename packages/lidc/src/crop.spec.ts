import { describe, expect, it } from 'vitest';

import { huWindow, perHu, windowed } from './crop.js';

describe('huWindow', () => {
  it('clips HU to -1000 to 400 and scales them to 0..1', () => {
    expect([
      ...huWindow(Int16Array.of(-32768, -1000, -300, 400, 32767)),
    ]).toEqual([0, 0, 0.5, 1, 1]);
    expect([...huWindow(Int16Array.of(0, 50), { low: 0, high: 200 })]).toEqual([
      0, 0.25,
    ]);
  });
});

describe('windowed', () => {
  const window = { low: -1000, high: 400 };

  it('counts from the low end of the window, unless another HU becomes 0', () => {
    expect(windowed(-300, window)).toBe(0.5);
    expect(windowed(-300, window, -300)).toBe(0);
    expect(windowed(-1000, window, -1700)).toBe(0.5);
  });

  it('rises by perHu from one HU to the next', () => {
    expect(perHu(window)).toBe(1 / 1400);
    expect(windowed(1, window) - windowed(0, window)).toBeCloseTo(1 / 1400, 12);
  });
});
