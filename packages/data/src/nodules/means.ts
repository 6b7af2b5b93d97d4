import type { Annotation } from '../lidc-xml/readings.js';
import {
  type Attribute,
  highestRating,
  isInRange,
  perAttribute,
  type RatingName,
} from '../ratings.js';

/** What the readers of a nodule think of it on the average. */
export interface MeanRatings {
  /** number of readers, not of annotations: a reader who drew a nodule in two pieces counts once */
  readonly readers: number;
  /** undefined when no reader's malignancy is in range */
  readonly malignancy: number | undefined;
  readonly ratings: Readonly<Record<Attribute, number>>;
  /** attributes of which no reader's rating is in range: clamped to it instead */
  readonly clamped: readonly Attribute[];
}

/**
 * Mean ratings over a nodule's readers. A rating out of range is left out of the mean of that rating. Every reader has
 * one voice: where one has several annotations in a nodule, their mean is what the reader says.
 */
export function meanRatings(annotations: readonly Annotation[]): MeanRatings {
  const clamped: Attribute[] = [];
  const ratings = perAttribute((attribute) => {
    const mean = meanOf(annotations, attribute);
    if (mean !== undefined) return mean;
    clamped.push(attribute);
    const highest = highestRating[attribute];
    const values = annotations.map((item) => item.ratings[attribute]);
    return average(values.map((v) => Math.min(Math.max(v, 1), highest))) ?? 1;
  });
  return {
    readers: new Set(annotations.map(({ session }) => session)).size,
    malignancy: meanOf(annotations, 'malignancy'),
    ratings,
    clamped,
  };
}

function meanOf(
  annotations: readonly Annotation[],
  name: RatingName,
): number | undefined {
  const byReader = new Map<number, number[]>();
  for (const { session, ratings } of annotations) {
    if (!isInRange(name, ratings[name])) continue;
    const list = byReader.get(session);
    if (list) list.push(ratings[name]);
    else byReader.set(session, [ratings[name]]);
  }
  return average([...byReader.values()].map((list) => average(list) ?? 0));
}

function average(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
