import { filled, float32, ShapeError } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { heatShare, sphereMask } from './heat-share.js';

const axes = { two: ['y', 'x'], three: ['z', 'y', 'x'] } as const;

describe('the share of heat inside a mask', () => {
  it('is 1 for heat that lies in it, and that of the mask for even heat', () => {
    const mask = sphereMask(32, 8);
    const heat = float32([32, 32, 32], Float32Array.from(mask.data));
    const map = { axes: axes.three, raw: heat, overCrop: heat };
    expect(heatShare(map, mask).share).toBe(1);
    const even = filled([32, 32, 32], 2);
    const found = heatShare({ ...map, overCrop: even }, mask);
    expect(found.share).toBeCloseTo(found.even, 12);
    // The volume of the sphere, in 32³ samples.
    expect(found.even).toBeCloseTo((4 / 3) * Math.PI * (8 / 32) ** 3, 2);
  });

  it('of a map without z is that inside the mask as seen along z', () => {
    const mask = sphereMask(32, 8);
    const heat = filled([32, 32], 1);
    const { share, even } = heatShare(
      { axes: axes.two, raw: heat, overCrop: heat },
      mask,
    );
    expect(share).toBeCloseTo(even, 12);
    const middles = Array.from({ length: 32 }, (_, i) => i - 15.5);
    const inDisc = middles.flatMap((y) =>
      // The slices next to the middle lie half a sample from it.
      middles.filter((x) => Math.hypot(0.5, y, x) <= 8),
    );
    expect(even).toBe(inDisc.length / 1024);
  });

  it('leaves out what speaks against the class, and is null without heat', () => {
    const mask = sphereMask(2, 2);
    const heat = float32([2, 2, 2], [1, -5, 0, 0, 0, 0, 0, 1]);
    const map = { axes: axes.three, raw: heat, overCrop: heat };
    expect(heatShare(map, mask)).toEqual({ share: 1, even: 1 });
    const cold = filled([2, 2, 2], -1);
    expect(heatShare({ ...map, overCrop: cold }, mask).share).toBeNull();
  });

  it('refuses a mask of another size', () => {
    const heat = filled([4, 4, 4], 1);
    const map = { axes: axes.three, raw: heat, overCrop: heat };
    expect(() => heatShare(map, sphereMask(5, 2))).toThrow(ShapeError);
  });
});
