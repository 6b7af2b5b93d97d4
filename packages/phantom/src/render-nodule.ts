import { edge, mix, slab } from './profile.js';
import { type Shape, type Spicule, surfaceRadius } from './shape.js';
import { density, densityAt, type Tissue } from './tissue.js';
import type { Vec3 } from './vector.js';
import { boxAround, type Volume } from './volume.js';

/** A nodule with its place: all that is needed to paint it. */
export interface NoduleModel {
  /** centre in the volume's mm, see {@link Volume} */
  readonly center: Vec3;
  readonly shape: Shape;
  readonly tissue: Tissue;
}

/** A voxel averages over the slice's thickness; within the slice the soft edges already stand for the blur. */
const thickLevels = [-1 / 3, 0, 1 / 3];
/** The blur stands for the thickness of a thin slice, too. */
const thinLevels = [0];
/** Logistic edges are below 1 % this many standard deviations outside. */
const tail = 2.7;

/**
 * Paints a nodule over what is in the volume.
 *
 * @param blur standard deviation of the scanner's point spread, mm
 */
export function renderNodule(
  volume: Volume,
  { center, shape, tissue }: NoduleModel,
  blur: number,
): void {
  const { size, spacing, voxels } = volume;
  const sigma = marginWidth(shape, tissue, blur);
  const finSigma = blur / shape.radius;
  const tip = shape.spicules.reduce((most, s) => Math.max(most, s.tip), 0);
  const reach = Math.max(
    shape.reach + tail * sigma,
    tip * shape.radius + tail * blur,
  );
  const half = [reach, reach, reach + spacing[2] / 2] as const;
  const [low, high] = boxAround(volume, center, half);
  const levels = spacing[2] <= 1.5 * blur ? thinLevels : thickLevels;
  const fins = flatten(shape.spicules);
  const finHu = mix(density.lung, density.soft, finContrast(tissue));
  for (let k = low[2]; k <= high[2]; k++) {
    for (let j = low[1]; j <= high[1]; j++) {
      for (let i = low[0]; i <= high[0]; i++) {
        const index = (k * size[1] + j) * size[0] + i;
        const before = voxels[index] as number;
        let sum = 0;
        for (const level of levels) {
          const x = i * spacing[0] - center[0];
          const y = j * spacing[1] - center[1];
          const z = (k + level) * spacing[2] - center[2];
          const away = Math.max(Math.sqrt(x * x + y * y + z * z), 1e-6);
          if (away > reach) {
            sum += before;
            continue;
          }
          let hu = before;
          const surface =
            away > shape.reach + tail * sigma
              ? 0
              : surfaceRadius(shape, x / away, y / away, z / away);
          const share = surface === 0 ? 0 : edge(surface - away, sigma);
          // Deep inside, the body hides the fins.
          if (share < 0.995) {
            const fin = finShare(
              fins,
              x / shape.radius,
              y / shape.radius,
              z / shape.radius,
              finSigma,
            );
            if (fin > 0) hu = mix(hu, Math.max(hu, finHu), fin);
          }
          if (share > 0.005) {
            const point = [
              x / shape.radius,
              y / shape.radius,
              z / shape.radius,
            ] as const;
            const inside = densityAt(tissue, away / surface, point, finSigma);
            hu = mix(hu, inside, share);
          }
          sum += hu;
        }
        voxels[index] = sum / levels.length;
      }
    }
  }
}

/**
 * Standard deviation of a nodule's edge in mm: the scanner's blur, and the margin's own width, which grows with the
 * nodule so that a poorly defined margin looks so at every size.
 */
function marginWidth(shape: Shape, tissue: Tissue, blur: number): number {
  const poor = (5 - tissue.attributes.margin) / 4;
  return Math.hypot(blur, (0.02 + 0.36 * poor) * shape.radius);
}

/** Fins of a ground-glass nodule are fainter than those of a solid one. */
function finContrast({ attributes, contrast }: Tissue): number {
  return contrast * (0.5 + (0.4 * (attributes.texture - 1)) / 4);
}

const finLength = 9;

/** Direction, thin axis, half-widths and tip of each fin in a row, which is twice as fast to go through. */
function flatten(spicules: readonly Spicule[]): Float64Array {
  return Float64Array.from(
    spicules.flatMap(({ direction, thin, halfThin, halfWide, tip }) => [
      ...direction,
      ...thin,
      halfThin,
      halfWide,
      tip,
    ]),
  );
}

/** How much of a place belongs to some fin, 0 to 1; x, y, z and the blur in units of the nodule's radius. */
function finShare(
  fins: Float64Array,
  x: number,
  y: number,
  z: number,
  sigma: number,
): number {
  let share = 0;
  const squared = x * x + y * y + z * z;
  for (let at = 0; at < fins.length; at += finLength) {
    const along =
      x * (fins[at] as number) +
      y * (fins[at + 1] as number) +
      z * (fins[at + 2] as number);
    if (along < 0.4) continue;
    const tip = fins[at + 8] as number;
    if (along > tip + tail * sigma) continue;
    const acrossThin = Math.abs(
      x * (fins[at + 3] as number) +
        y * (fins[at + 4] as number) +
        z * (fins[at + 5] as number),
    );
    const halfThin = fins[at + 6] as number;
    if (acrossThin > halfThin + tail * sigma) continue;
    const halfWide = fins[at + 7] as number;
    const acrossWide = Math.sqrt(
      Math.max(0, squared - along * along - acrossThin * acrossThin),
    );
    if (acrossWide > halfWide + tail * sigma) continue;
    const taper = Math.min(1, Math.max(0.25, (tip - along) / (tip - 0.9)));
    share = Math.max(
      share,
      slab(acrossThin, halfThin * taper, sigma) *
        slab(acrossWide, halfWide * taper, sigma) *
        edge(tip - along, sigma),
    );
  }
  return share;
}
