import { expect, it } from 'vitest';

import { sharpen } from './kernel.js';
import { newVolume } from './volume.js';

it('leaves planes as they are and makes edges overshoot on both sides', () => {
  const volume = newVolume([8, 4, 2], [1, 1, 1], 0);
  for (let i = 0; i < volume.voxels.length; i++) {
    volume.voxels[i] = i % 8 < 4 ? -800 : 0;
  }
  sharpen(volume, 0.4);
  const row = [-800, -800, -800, -880, 80, 0, 0, 0];
  const rows = Array.from({ length: 8 }, () => row);
  expect([...volume.voxels]).toEqual(rows.flat());
});

it('moves a voxel away from its four neighbours, those of the slice as they were', () => {
  const volume = newVolume([3, 3, 2], [1, 1, 1], 0);
  volume.voxels.set([0, 1, 0, 2, 10, 3, 0, 4, 0]);
  sharpen(volume, 1);
  // 10 + 10 − (1 + 2 + 3 + 4) / 4
  expect(volume.voxels[4]).toBe(17.5);
  // 3 has 10 to its left, itself to its right, 0 above and below.
  expect(volume.voxels[5]).toBe(6 - 13 / 4);
  // 4 has 10 above, itself below, 0 on both sides.
  expect(volume.voxels[7]).toBe(8 - 14 / 4);
  expect([...volume.voxels.subarray(9)].every((hu) => hu === 0)).toBe(true);
});
