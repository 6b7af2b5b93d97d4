import {
  highestRating,
  perAttribute,
  type RatingName,
  type Ratings,
} from '@clip-lung/lidc';
import type { RandomStream } from '@clip-lung/tensor';

import { clamp } from './profile.js';
import { type AttributeValues, calcifications } from './traits.js';

/** A radiologist with habits. */
export interface Reader {
  /** added to every rating of that name before rounding */
  readonly bias: Readonly<Record<RatingName, number>>;
  /** how far outside (negative: inside) the surface this reader's nodule ends, mm */
  readonly outline: number;
  /** factor on the probability of missing a nodule */
  readonly haste: number;
}

/** What is to be read. */
export interface TrueNodule {
  readonly attributes: AttributeValues;
  /** 1 to 5 */
  readonly malignancy: number;
}

export const readersPerScan = 4;

/** The most that a reader's outline is off the surface, mm. */
export const widestOutline = 0.4;

export function drawReader(random: RandomStream): Reader {
  const bias = (): number => random.normal(0, 0.2);
  return {
    bias: { ...perAttribute(bias), malignancy: random.normal(0, 0.2) },
    outline: clamp(random.normal(0, 0.2), -widestOutline, widestOutline),
    haste: random.uniform(0.5, 1.3),
  };
}

/** Which of the readers see a nodule: all of them an obvious one, at least one the faintest. */
export function drawFinders(
  readers: readonly Reader[],
  subtlety: number,
  random: RandomStream,
): readonly boolean[] {
  const missing = 0.03 + 0.5 * ((5 - subtlety) / 4) ** 1.5;
  const draws = readers.map(
    ({ haste }) => random.uniform() / (missing * haste),
  );
  const best = draws.indexOf(Math.max(...draws));
  return draws.map((draw, index) => draw >= 1 || index === best);
}

/** A reader's nine ratings of a nodule: the truth, the reader's bias, and a slip of the moment, rounded. */
export function rate(
  { bias }: Reader,
  { attributes, malignancy }: TrueNodule,
  random: RandomStream,
): Ratings {
  const scale = (name: RatingName, truth: number, spread: number): number =>
    clamp(
      Math.round(truth + bias[name] + random.normal(0, spread)),
      1,
      highestRating[name],
    );
  const ratings = perAttribute((name) => {
    const slip = random.uniform();
    switch (name) {
      case 'internalStructure':
        return attributes[name];
      case 'calcification':
        // A small deposit is overlooked now and then.
        return slip < 0.05 ? calcifications.absent : attributes[name];
      default:
        return scale(name, attributes[name], 0.4);
    }
  });
  return { ...ratings, malignancy: scale('malignancy', malignancy, 0.4) };
}
