import type { RandomStream } from '@clip-lung/tensor';

import { clamp, edge, mix, slab } from './profile.js';
import {
  type AttributeValues,
  calcifications,
  internalStructures,
  type Traits,
} from './traits.js';
import { randomDirection, type Vec3 } from './vector.js';

/** Typical densities in HU. */
export const density = {
  lung: -850,
  groundGlass: -640,
  soft: 35,
  fluid: 0,
  fat: -90,
  air: -980,
  bone: 450,
  calcium: 750,
} as const;

/** A ball of calcium; lengths in units of the nodule's radius. */
interface Deposit {
  readonly center: Vec3;
  readonly radius: number;
}

/** What a nodule is made of. */
export interface Tissue {
  readonly attributes: Omit<AttributeValues, 'subtlety'>;
  readonly contrast: number;
  /** HU of the nodule around its solid core: ground glass to soft tissue */
  readonly ground: number;
  /** the solid core's share of the radius: 0 in a pure ground-glass nodule, 1 or more in a solid one */
  readonly core: number;
  /** HU of what fills the middle of a nodule that is not of soft tissue alone */
  readonly filling: number | undefined;
  readonly deposits: readonly Deposit[];
}

/** By the code of the internal structure; soft tissue fills nothing. */
const fillings: Readonly<Record<number, number>> = {
  [internalStructures.fluid]: density.fluid,
  [internalStructures.fat]: density.fat,
  [internalStructures.air]: density.air,
};
/** How far what fills a nodule reaches, as a share of the surface's distance. */
const fillingShare = 0.62;

export function drawTissue(
  { attributes, contrast }: Traits,
  random: RandomStream,
): Tissue {
  const texture = (attributes.texture - 1) / 4;
  return {
    attributes,
    contrast,
    ground: mix(density.groundGlass, density.soft, texture ** 1.6),
    core: clamp((attributes.texture - 1.6) / 2.8, 0, 1.2),
    filling: fillings[attributes.internalStructure],
    deposits: drawDeposits(attributes.calcification, random),
  };
}

/**
 * HU inside a nodule.
 *
 * @param fraction distance from the centre as a share of the surface's in that direction
 * @param point    the place relative to the centre, in units of the nodule's radius
 * @param sigma    the scanner's blur in the same unit
 */
export function densityAt(
  tissue: Tissue,
  fraction: number,
  point: Vec3,
  sigma: number,
): number {
  const { filling, ground, core, contrast } = tissue;
  let hu = mix(
    ground,
    density.soft,
    core >= 1 ? 1 : edge(core - fraction, sigma),
  );
  if (filling !== undefined) {
    hu = mix(hu, filling, edge(fillingShare - fraction, sigma));
  }
  hu = mix(density.lung, hu, contrast);
  const calcium = calciumAt(tissue, fraction, point, sigma);
  return calcium > 0 ? mix(hu, density.calcium, calcium) : hu;
}

/** Share of calcium, 0 to 1, by the pattern. */
function calciumAt(
  { attributes, deposits }: Tissue,
  fraction: number,
  point: Vec3,
  sigma: number,
): number {
  switch (attributes.calcification) {
    case calcifications.absent:
      return 0;
    case calcifications.central:
      return edge(0.5 - fraction, sigma);
    case calcifications.solid:
      return edge(0.85 - fraction, sigma);
    case calcifications.laminated:
      return Math.max(
        slab(Math.abs(fraction - 0.35), 0.1, sigma),
        slab(Math.abs(fraction - 0.75), 0.1, sigma),
      );
    default: {
      let share = 0;
      for (const { center, radius } of deposits) {
        const away = Math.hypot(
          point[0] - center[0],
          point[1] - center[1],
          point[2] - center[2],
        );
        share = Math.max(share, edge(radius - away, sigma));
      }
      return share;
    }
  }
}

/** Popcorn: several deposits all over; non-central: one, off the centre. The other patterns are concentric. */
function drawDeposits(
  calcification: number,
  random: RandomStream,
): readonly Deposit[] {
  const deposit = (away: number, radius: number): Deposit => {
    const [x, y, z] = randomDirection(random);
    return { center: [away * x, away * y, away * z], radius };
  };
  if (calcification === calcifications.nonCentral) return [deposit(0.5, 0.3)];
  if (calcification !== calcifications.popcorn) return [];
  return Array.from({ length: 6 }, () =>
    deposit(random.uniform(0.2, 0.65), random.uniform(0.2, 0.28)),
  );
}
