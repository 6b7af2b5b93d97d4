import type { Label, RatingName } from '@clip-lung/lidc';
import type { RandomStream } from '@clip-lung/tensor';

import type { Attachment } from './attachment.js';
import { malignancyOf, malignancyScore } from './malignancy.js';
import { drawShape, type Shape } from './shape.js';
import { drawTissue, type Tissue } from './tissue.js';
import {
  type AttributeValues,
  drawTraits,
  smallestDiameter,
  subtletyOf,
  type Traits,
} from './traits.js';
import type { Vec3 } from './vector.js';

/** A simulated nodule that has no place yet. */
export interface Nodule {
  readonly diameter: number;
  /** true values, subtlety included */
  readonly attributes: AttributeValues;
  /** see `malignancyScore` */
  readonly score: number;
  /** the score on the scale of 1 to 5 */
  readonly malignancy: number;
  readonly shape: Shape;
  readonly tissue: Tissue;
}

/** What is known of a nodule of a phantom; one row of `truth.csv`. */
export interface NoduleTruth extends Omit<Nodule, 'shape' | 'tissue'> {
  readonly patient: string;
  /** from 1 within the patient */
  readonly nodule: number;
  /** patient coordinates, mm */
  readonly center: Vec3;
  /** column, row, slice, zero-based and fractional; slice 0 has the lowest z */
  readonly voxel: Vec3;
  readonly attachment: Attachment;
  /** readers who annotated it */
  readonly readers: number;
  /** mean of the readers' ratings */
  readonly ratings: Readonly<Record<RatingName, number>>;
  /** the class of the mean malignancy rating, exactly 2.5 and 3.5 being unsure */
  readonly label: Label;
}

/** A nodule of these traits, with shape and tissue drawn at random where the traits leave them open. */
export function makeNodule(traits: Traits, random: RandomStream): Nodule {
  const attributes = { ...traits.attributes, subtlety: subtletyOf(traits) };
  // Something about a nodule always remains unseen.
  const score = malignancyScore(traits) + random.normal(0, 0.12);
  return {
    diameter: traits.diameter,
    attributes,
    score,
    malignancy: malignancyOf(score),
    shape: drawShape(attributes, traits.diameter, random.stream('shape')),
    tissue: drawTissue(traits, random.stream('tissue')),
  };
}

/** @param shrink factor on the diameter, for volumes too small for the nodules drawn */
export function drawNodule(
  position: number,
  shrink: number,
  random: RandomStream,
): Nodule {
  const traits = drawTraits(position, random.stream('traits'));
  const diameter = Math.max(smallestDiameter, traits.diameter * shrink);
  return makeNodule({ ...traits, diameter }, random);
}
