import type { Attribute } from '@clip-lung/lidc';
import { at, type RandomStream } from '@clip-lung/tensor';

import { clamp } from './profile.js';

/**
 * The true attributes on the scales that readers rate on: real numbers between 1 and 5, but for internal structure and
 * calcification, which are codes.
 */
export type AttributeValues = Readonly<Record<Attribute, number>>;

/** Codes of the `internalStructure` rating. */
export const internalStructures = {
  softTissue: 1,
  fluid: 2,
  fat: 3,
  air: 4,
} as const;

/** Codes of the `calcification` rating. */
export const calcifications = {
  popcorn: 1,
  laminated: 2,
  solid: 3,
  nonCentral: 4,
  central: 5,
  absent: 6,
} as const;

/** What a nodule is before it has a place and a shape. */
export interface Traits {
  /** of the sphere of equal volume, mm */
  readonly diameter: number;
  /** the tissue's share of what the nodule is filled with, 0.8 to 1; the rest is lung */
  readonly contrast: number;
  /** all attributes but subtlety, which follows from the others */
  readonly attributes: Omit<AttributeValues, 'subtlety'>;
}

/** Share of nodules drawn as clearly benign, and as clearly malignant; the rest is in between. */
const benignShare = 0.365;
const malignantShare = 0.325;

export const smallestDiameter = 4;
const largestDiameter = 20;

/**
 * Draws a nodule's traits. One latent number, its suspicion, drives spiculation, lobulation and poor margin up
 * together, and benign calcification down, so the attributes are correlated as those of real nodules are.
 *
 * @param position in [0, 1): which part of the latent distribution to draw from; positions spread evenly over many
 *   nodules give each class its share more exactly than independent draws would
 */
export function drawTraits(position: number, random: RandomStream): Traits {
  const kind =
    position < benignShare ? -1 : position >= 1 - malignantShare ? 1 : 0;
  const suspicion = kind + random.normal(0, 0.25);
  /** a scale of 1 to 5 that follows suspicion by `slope` per unit */
  const scale = (slope: number, spread: number): number =>
    clamp(3 + slope * suspicion + random.normal(0, spread), 1, 5);
  const spiculation = scale(1.75, 0.45);
  const lobulation = scale(1.45, 0.6);
  const margin = 6 - scale(1.45, 0.6);
  const calcification = drawCalcification(kind, random);
  const internalStructure = drawInternalStructure(calcification, random);
  // Calcium is laid down in solid nodules, and what holds fluid, fat or air is mostly solid.
  const textureOf = (): number => {
    if (calcification !== calcifications.absent) return random.uniform(4.4, 5);
    return internalStructure === internalStructures.softTissue
      ? drawTexture(suspicion, random)
      : random.uniform(3.6, 5);
  };
  return {
    diameter: clamp(
      10 + 1.6 * suspicion + random.normal(0, 3.2),
      smallestDiameter,
      largestDiameter,
    ),
    contrast: random.uniform(0.8, 1),
    attributes: {
      internalStructure,
      calcification,
      sphericity: clamp(4 - 0.35 * suspicion + random.normal(0, 0.6), 1.5, 5),
      margin,
      lobulation,
      spiculation,
      texture: textureOf(),
    },
  };
}

/** How easily a nodule is seen: half by its size, half by its density against the lung. */
export function subtletyOf({ diameter, contrast, attributes }: Traits): number {
  const size = clamp((diameter - smallestDiameter) / 10, 0, 1);
  const density = contrast * (0.3 + (0.7 * (attributes.texture - 1)) / 4);
  return clamp(1.2 + 1.8 * size + 2.2 * density, 1, 5);
}

function drawCalcification(kind: number, random: RandomStream): number {
  const draw = random.uniform();
  if (kind < 0 && draw < 0.4) {
    const benign = [
      calcifications.popcorn,
      calcifications.laminated,
      calcifications.solid,
      calcifications.central,
    ];
    return at(benign, random.integer(benign.length));
  }
  if (kind >= 0 && draw < 0.06) return calcifications.nonCentral;
  return calcifications.absent;
}

/** Far more often than in patients, of whom next to none have other than soft tissue: a rating that never changes shows nothing. */
function drawInternalStructure(
  calcification: number,
  random: RandomStream,
): number {
  const draw = random.uniform();
  if (calcification !== calcifications.absent || draw > 0.16) {
    return internalStructures.softTissue;
  }
  if (draw > 0.1) return internalStructures.fluid;
  return draw > 0.05 ? internalStructures.fat : internalStructures.air;
}

/** Most nodules are solid; part-solid ones are more often suspicious. */
function drawTexture(suspicion: number, random: RandomStream): number {
  const draw = random.uniform();
  const partSolid = 0.15 + 0.08 * clamp(suspicion, -1, 1);
  if (draw < partSolid) return random.uniform(2.3, 3.7);
  if (draw < partSolid + 0.1) return random.uniform(1, 2);
  return random.uniform(4.2, 5);
}
