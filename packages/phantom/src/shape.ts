import type { RandomStream } from '@clip-lung/tensor';

import { drawLobes, lobesAt } from './lobes.js';
import { clamp } from './profile.js';
import type { AttributeValues } from './traits.js';
import {
  perpendicular,
  randomDirection,
  randomFrame,
  sphereDirections,
  type Vec3,
} from './vector.js';

/** A thin radial fin, as a thickened septum looks: a streak in whatever plane a slice cuts it. Lengths in units of the nodule's radius. */
export interface Spicule {
  readonly direction: Vec3;
  /** the fin's thin axis, perpendicular to the direction */
  readonly thin: Vec3;
  /** half-widths at the nodule's surface; both taper towards the tip */
  readonly halfThin: number;
  readonly halfWide: number;
  /** from the nodule's centre to the tip */
  readonly tip: number;
}

/** The outline of a nodule around its centre: star-shaped, so a radius for each direction says it all. */
export interface Shape {
  /** radius of the sphere of the same volume, mm */
  readonly radius: number;
  /** mm per unit of {@link surfaceRadius}'s modulated ellipsoid: makes the volume right */
  readonly scale: number;
  /** the ellipsoid's axes, and their half-lengths (product 1) */
  readonly frame: readonly [Vec3, Vec3, Vec3];
  readonly semiAxes: Vec3;
  /** see `drawLobes` */
  readonly lobes: Float64Array;
  /** how far a lobe stands out, in units of the radius */
  readonly lobeHeight: number;
  readonly spicules: readonly Spicule[];
  /** the largest surface radius, mm; spicules reach beyond it */
  readonly reach: number;
}

const directions = sphereDirections(600);
/** Between lobes a notch may not reach the middle. */
const leastModulation = 0.3;

/**
 * A shape with these attributes: sphericity is the ellipsoid's elongation, lobulation the height of its lobes, and
 * spiculation the number and length of its fins.
 *
 * @param diameter of the sphere of equal volume, mm
 */
export function drawShape(
  { sphericity, lobulation, spiculation }: AttributeValues,
  diameter: number,
  random: RandomStream,
): Shape {
  const elongation = 1 + (1.2 * (5 - sphericity)) / 4;
  const middle = elongation ** random.uniform(0, 0.5);
  const unit = (elongation * middle) ** (-1 / 3);
  const unscaled = {
    radius: diameter / 2,
    scale: 1,
    frame: randomFrame(random),
    semiAxes: [elongation * unit, middle * unit, unit] as const,
    lobes: drawLobes(random),
    lobeHeight: (0.5 * (lobulation - 1)) / 4,
  };
  let cubes = 0;
  let highest = 0;
  for (const direction of directions) {
    const radius = surfaceRadius(unscaled, ...direction);
    cubes += radius ** 3;
    highest = Math.max(highest, radius);
  }
  // The volume of a star shape is the mean of its cubed radius times 4π/3.
  const scale = unscaled.radius / Math.cbrt(cubes / directions.length);
  return {
    ...unscaled,
    scale,
    reach: highest * scale,
    spicules: drawSpicules((spiculation - 1) / 4, random),
  };
}

/** Distance in mm from the centre to the surface (spicules apart) in the direction of a unit vector. */
export function surfaceRadius(
  shape: Pick<Shape, 'scale' | 'frame' | 'semiAxes' | 'lobes' | 'lobeHeight'>,
  x: number,
  y: number,
  z: number,
): number {
  const { scale, frame, semiAxes, lobes, lobeHeight } = shape;
  const [u, v, w] = frame;
  const inverse =
    ((u[0] * x + u[1] * y + u[2] * z) / semiAxes[0]) ** 2 +
    ((v[0] * x + v[1] * y + v[2] * z) / semiAxes[1]) ** 2 +
    ((w[0] * x + w[1] * y + w[2] * z) / semiAxes[2]) ** 2;
  const modulation =
    lobeHeight > 0
      ? Math.max(1 + lobeHeight * lobesAt(lobes, x, y, z), leastModulation)
      : 1;
  return (scale * modulation) / Math.sqrt(inverse);
}

function drawSpicules(
  strength: number,
  random: RandomStream,
): readonly Spicule[] {
  return Array.from({ length: Math.round(30 * strength) }, () => {
    const direction = randomDirection(random);
    return {
      direction,
      thin: perpendicular(direction, random),
      halfThin: random.uniform(0.07, 0.12),
      halfWide: random.uniform(0.2, 0.4),
      tip: 1.15 + clamp(0.35 + 0.4 * strength, 0, 1) * random.uniform(0.5, 1),
    };
  });
}
