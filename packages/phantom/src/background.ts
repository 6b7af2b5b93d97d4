import type { RandomStream } from '@clip-lung/tensor';

import { edge, mix } from './profile.js';
import { density } from './tissue.js';
import { randomDirection, type Vec3 } from './vector.js';
import { boxAround, newVolume, type Volume } from './volume.js';

/** A blood vessel: a straight tube. */
export interface Vessel {
  readonly start: Vec3;
  readonly end: Vec3;
  /** mm */
  readonly radius: number;
}

/** The chest wall fills the side of small x, as deep as {@link wallDepth} says at each row. */
export interface Wall {
  /** mm at the middle row */
  readonly depth: number;
  /** the wall curves around the lung, mm */
  readonly curvature: number;
}

const wallFat = 3;

/** Depth of the chest wall in mm at `y` mm, for a field of `height` mm. */
export function wallDepth(wall: Wall, y: number, height: number): number {
  return wall.depth + (y - height / 2) ** 2 / (2 * wall.curvature);
}

/** Lung with a wall of extrapleural fat, muscle and ribs on one side; vessels, nodules and noise come on top. */
export function paintBackground(
  size: Vec3,
  spacing: Vec3,
  wall: Wall,
  blur: number,
  random: RandomStream,
): Volume {
  const volume = newVolume(size, spacing, density.lung);
  const { voxels } = volume;
  const height = size[1] * spacing[1];
  const phases = [random.uniform(0, 6), random.uniform(0, 6)] as const;
  const rib = random.uniform(0, 24);
  for (let k = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      const y = j * spacing[1];
      const depth = wallDepth(wall, y, height);
      // Ribs slant through the slices, 24 mm apart and 10 mm wide.
      const across = (((y - 0.6 * k * spacing[2] + rib) % 24) + 24) % 24;
      const bone = edge(5 - Math.abs(across - 12), blur);
      const row = (k * size[1] + j) * size[0];
      // Lung is denser where gravity draws the blood: a slope of 30 HU, and slow waves.
      const base =
        density.lung +
        30 * (j / size[1] - 0.5) +
        8 * Math.sin(y / 17 + phases[0]) +
        8 * Math.sin((k * spacing[2]) / 13 + phases[1]);
      for (let i = 0; i < size[0]; i++) {
        const inside = depth - i * spacing[0];
        let hu = base;
        if (inside > -3 * blur) {
          const muscle = mix(
            density.fat,
            density.soft,
            edge(inside - wallFat, blur),
          );
          const ribbed = mix(
            muscle,
            density.bone,
            bone * edge(inside - wallFat - 2, blur),
          );
          hu = mix(base, ribbed, edge(inside, blur));
        }
        voxels[row + i] = hu;
      }
    }
  }
  return volume;
}

/** Tubes through the volume that pass none of the `spared` balls. */
export function drawVessels(
  count: number,
  { size, spacing }: Volume,
  spared: readonly { readonly center: Vec3; readonly radius: number }[],
  random: RandomStream,
): readonly Vessel[] {
  const vessels: Vessel[] = [];
  for (let tries = 0; vessels.length < count && tries < 20 * count; tries++) {
    const middle = [
      random.uniform(0, size[0] * spacing[0]),
      random.uniform(0, size[1] * spacing[1]),
      random.uniform(0, size[2] * spacing[2]),
    ] as const;
    const direction = randomDirection(random);
    const half = random.uniform(8, 40);
    const at = (s: number): Vec3 => [
      middle[0] + s * direction[0],
      middle[1] + s * direction[1],
      middle[2] + s * direction[2],
    ];
    const vessel = {
      start: at(-half),
      end: at(half),
      // Thin vessels are far more common than thick ones.
      radius: 0.5 + 1.6 * random.uniform() ** 3,
    };
    const free = spared.every(
      ({ center, radius }) =>
        axisDistance(vessel, ...center) > radius + vessel.radius + 1,
    );
    if (free) vessels.push(vessel);
  }
  return vessels;
}

export function paintVessel(
  volume: Volume,
  vessel: Vessel,
  blur: number,
): void {
  const { size, spacing, voxels } = volume;
  const { start, end, radius } = vessel;
  const reach = radius + 3 * blur;
  const length = Math.hypot(
    end[0] - start[0],
    end[1] - start[1],
    end[2] - start[2],
  );
  // A long slanted tube fills little of its box: paint it in pieces with tight boxes.
  const pieces = Math.ceil(length / 4);
  const at = (share: number): Vec3 => [
    mix(start[0], end[0], share),
    mix(start[1], end[1], share),
    mix(start[2], end[2], share),
  ];
  for (let piece = 0; piece < pieces; piece++) {
    const half = length / pieces / 2 + reach;
    const [low, high] = boxAround(volume, at((piece + 0.5) / pieces), [
      half,
      half,
      half,
    ]);
    for (let k = low[2]; k <= high[2]; k++) {
      for (let j = low[1]; j <= high[1]; j++) {
        for (let i = low[0]; i <= high[0]; i++) {
          const away = axisDistance(
            vessel,
            i * spacing[0],
            j * spacing[1],
            k * spacing[2],
          );
          if (away > reach) continue;
          const index = (k * size[1] + j) * size[0] + i;
          const before = voxels[index] as number;
          // The denser wins, so a voxel painted by two pieces is the same as painted by one.
          const hu = mix(density.lung, density.soft, edge(radius - away, blur));
          if (hu > before) voxels[index] = hu;
        }
      }
    }
  }
}

/** Distance of a point from a vessel's axis, a segment. */
function axisDistance(
  { start, end }: Vessel,
  x: number,
  y: number,
  z: number,
): number {
  const ax = end[0] - start[0];
  const ay = end[1] - start[1];
  const az = end[2] - start[2];
  const px = x - start[0];
  const py = y - start[1];
  const pz = z - start[2];
  const along = (px * ax + py * ay + pz * az) / (ax * ax + ay * ay + az * az);
  const share = Math.min(1, Math.max(0, along));
  const dx = px - share * ax;
  const dy = py - share * ay;
  const dz = pz - share * az;
  return Math.sqrt(dx * dx + dy * dy + dz * dz);
}
