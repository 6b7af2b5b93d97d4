/**
 * Resamples a cube to other numbers of samples over the same extent, trilinear between the middles of its voxels; beyond the
 * outermost middles, their values go on.
 *
 * @param cube [side, side, side]
 * @returns [size, size, size]
 */
export function resampleCube(
  cube: Uint8Array,
  side: number,
  size: number,
): Float32Array {
  const axis = Array.from({ length: size }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * side) / size - 0.5, 0), side - 1);
    const low = Math.min(Math.floor(at), side - 2);
    return { low, weight: at - low };
  });
  const value = (z: number, y: number, x: number): number =>
    cube[(z * side + y) * side + x] as number;
  const mix = (a: number, b: number, weight: number): number =>
    a + (b - a) * weight;
  const resampled = new Float32Array(size ** 3);
  let to = 0;
  for (const z of axis) {
    for (const y of axis) {
      for (const x of axis) {
        const row = (k: number, j: number): number =>
          mix(value(k, j, x.low), value(k, j, x.low + 1), x.weight);
        const plane = (k: number): number =>
          mix(row(k, y.low), row(k, y.low + 1), y.weight);
        resampled[to++] = mix(plane(z.low), plane(z.low + 1), z.weight);
      }
    }
  }
  return resampled;
}
