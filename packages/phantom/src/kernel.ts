import type { Volume } from './volume.js';

/**
 * Sharpens each slice in place, as a reconstruction kernel for lung or bone does: a voxel moves away from the mean of its
 * four neighbours, so that edges overshoot on both sides.
 *
 * @param amount how far, in units of the difference: 0 leaves the slices as they are
 */
export function sharpen({ size, voxels }: Volume, amount: number): void {
  if (amount === 0) return;
  const [columns, rows, slices] = size;
  let above = new Float32Array(columns);
  let current = new Float32Array(columns);
  for (let k = 0; k < slices; k++) {
    for (let j = 0; j < rows; j++) {
      const row = (k * rows + j) * columns;
      current.set(voxels.subarray(row, row + columns));
      if (j === 0) above.set(current);
      // The last row has itself for a neighbour, as the first one has.
      const below = j + 1 < rows ? row + columns : row;
      let left = current[0] as number;
      for (let i = 0; i < columns; i++) {
        const here = current[i] as number;
        const right = (i + 1 < columns ? current[i + 1] : here) as number;
        const under = j + 1 < rows ? (voxels[below + i] as number) : here;
        const around = (left + right + (above[i] as number) + under) / 4;
        voxels[row + i] = here + amount * (here - around);
        left = here;
      }
      [above, current] = [current, above];
    }
  }
}
