import {
  type Attribute,
  highestRating,
  isInRange,
  type LabelStatistic,
  perAttribute,
  type RatingName,
} from '@clip-lung/lidc';
import { at } from '@clip-lung/tensor';

import type { Annotation } from '../lidc-xml/readings.js';

/** One rating of a nodule over its readers. */
export interface RatingStatistics {
  /** readers whose rating is in range */
  readonly readers: number;
  readonly mean: number;
  /** of an even number, the mean of the two in the middle */
  readonly median: number;
  /** standard deviation over the readers (not of a sample: divided by their number) */
  readonly spread: number;
}

/** What the readers of a nodule think of it. */
export interface NoduleRatings {
  /** number of readers, not of annotations: a reader who drew a nodule in two pieces counts once */
  readonly readers: number;
  /** undefined for a rating of which no reader's value is in range */
  readonly statistics: (name: RatingName) => RatingStatistics | undefined;
  /** each reader's malignancy, in the order of the sessions; a reader without one in range is left out */
  readonly malignancies: readonly number[];
  /** means of the attributes; where no reader's value is in range, of the values clamped to it */
  readonly means: Readonly<Record<Attribute, number>>;
  /** attributes that were clamped */
  readonly clamped: readonly Attribute[];
}

/**
 * The ratings of a nodule over its readers. A rating out of range is left out of that rating's statistics. Every reader
 * has one voice: where one has several annotations in a nodule, their mean is what the reader says.
 */
export function noduleRatings(
  annotations: readonly Annotation[],
): NoduleRatings {
  const statistics = (name: RatingName): RatingStatistics | undefined =>
    statisticsOf(voicesOf(annotations, name));
  const clamped: Attribute[] = [];
  const means = perAttribute((attribute) => {
    const found = statistics(attribute);
    if (found !== undefined) return found.mean;
    clamped.push(attribute);
    const highest = highestRating[attribute];
    const values = annotations.map((item) => item.ratings[attribute]);
    return averageOf(values.map((v) => Math.min(Math.max(v, 1), highest)));
  });
  return {
    readers: new Set(annotations.map(({ session }) => session)).size,
    statistics,
    malignancies: voicesOf(annotations, 'malignancy'),
    means,
    clamped,
  };
}

/** What each reader says, in the order of the sessions in the file. */
function voicesOf(
  annotations: readonly Annotation[],
  name: RatingName,
): readonly number[] {
  const byReader = new Map<number, number[]>();
  for (const { session, ratings } of annotations) {
    if (!isInRange(name, ratings[name])) continue;
    const list = byReader.get(session);
    if (list) list.push(ratings[name]);
    else byReader.set(session, [ratings[name]]);
  }
  return [...byReader.values()].map(averageOf);
}

function statisticsOf(values: readonly number[]): RatingStatistics | undefined {
  if (values.length === 0) return undefined;
  const mean = averageOf(values);
  return {
    readers: values.length,
    mean,
    median: medianOf(values),
    spread: Math.sqrt(averageOf(values.map((value) => (value - mean) ** 2))),
  };
}

/** Of an even number of values, the mean of the two in the middle; NaN of none. */
function medianOf(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return averageOf(
    [sorted.length - 1, sorted.length].map((k) => at(sorted, k >> 1)),
  );
}

/** What of a nodule's malignancy ratings decides its class; NaN of no ratings. */
export function labelStatisticOf(
  ratings: readonly number[],
  statistic: LabelStatistic,
): number {
  return statistic === 'mean' ? averageOf(ratings) : medianOf(ratings);
}

/** NaN of no values. */
function averageOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
