import { at } from '@clip-lung/tensor';

import { checkPaired } from '../check.js';
import { checkPart, checkScores } from '../check-binary.js';
import { MetricsInputError } from '../error.js';
import type { Interval } from '../interval.js';
import { groupPlaces } from '../resampling/group-places.js';
import { quantile } from '../resampling/quantile.js';
import { resample, type ResampleOptions } from '../resampling/resample.js';
import { figureOfWeights } from '../resampling/resampled-figure.js';
import { eachThreshold, type Ranking, rankingOf } from './threshold-counts.js';

export interface CurveBandOptions extends ResampleOptions {
  /** which of the N are positive */
  readonly positive: readonly boolean[];
  /** higher means more positive, [N] */
  readonly scores: readonly number[];
  /** of each nodule, [N]: patients are drawn whole */
  readonly patients: readonly string[];
  /** where the band is wanted: false positive rates, or recalls, in 0..1 */
  readonly places: readonly number[];
  /** 0.95 by default */
  readonly level?: number;
}

/** A curve at one place. */
export interface BandPoint {
  /** false positive rate, or recall */
  readonly place: number;
  /** sensitivity, or precision */
  readonly value: number;
  /** pointwise, by drawing patients again; null for a single patient, and where too many resamples have no curve */
  readonly band: Interval | null;
}

/**
 * The ROC curve at given false positive rates, with a pointwise band: resamples are averaged vertically, not along a threshold.
 * Between two operating points the curve is a straight line, as for its area.
 *
 * @returns undefined where all or none are positive
 * @throws {@link MetricsInputError} for lists that do not fit, a place outside of 0..1, or a level outside (0, 1)
 * @see Fawcett, Pattern Recognition Letters 27 (2006), §8; Macskassy & Provost, ROCAI 2004
 */
export function rocBands(
  options: CurveBandOptions,
): Promise<readonly BandPoint[] | undefined> {
  return curveBands(options, sensitivitiesAt);
}

/**
 * The precision–recall curve at given recalls, with a pointwise band: the precision at the highest threshold that reaches the
 * recall, as average precision takes it.
 *
 * @returns undefined where none is positive
 * @throws as {@link rocBands}
 */
export function precisionRecallBands(
  options: CurveBandOptions,
): Promise<readonly BandPoint[] | undefined> {
  return curveBands(options, precisionsAt);
}

/** A curve of weighted cases at ascending places; null where there is none. */
type CurveAt = (
  ranking: Ranking,
  weights: Float64Array,
  places: readonly number[],
) => readonly number[] | null;

async function curveBands(
  {
    positive,
    scores,
    patients,
    places,
    level = 0.95,
    ...options
  }: CurveBandOptions,
  curveAt: CurveAt,
): Promise<readonly BandPoint[] | undefined> {
  checkScores(positive, scores);
  checkPaired(positive, patients, 'patients');
  checkPart(level, 'level');
  checkPlaces(places);
  const ranking = rankingOf(positive, scores);
  const ones = new Float64Array(positive.length).fill(1);
  const values = curveAt(ranking, ones, places);
  if (values === null) return undefined;
  const bands = await bandsOf(places.length, {
    patients,
    level,
    options,
    curve: (weights) => curveAt(ranking, weights, places),
  });
  return places.map((place, i) => ({
    place,
    value: at(values, i),
    band: bands?.[i] ?? null,
  }));
}

function checkPlaces(places: readonly number[]): void {
  for (const [i, place] of places.entries()) {
    const before = i === 0 ? 0 : at(places, i - 1);
    if (place >= before && place <= 1) continue;
    throw new MetricsInputError(
      `places[${i}] is ${place}, expected numbers from 0 to 1 that do not fall`,
    );
  }
}

async function bandsOf(
  count: number,
  {
    patients,
    level,
    options,
    curve,
  }: {
    readonly patients: readonly string[];
    readonly level: number;
    readonly options: ResampleOptions;
    readonly curve: (weights: Float64Array) => readonly number[] | null;
  },
): Promise<readonly Interval[] | undefined> {
  if (groupPlaces(patients).count < 2) return undefined;
  const found: (readonly number[])[] = [];
  // Of a resample, `resample` is only told whether there is a curve.
  const figure = figureOfWeights(patients, (weights) => {
    const values = curve(weights);
    if (values === null) return null;
    found.push(values);
    return 0;
  });
  const all = await resample(figure, options);
  if (all.length - found.length > (1 - level) * all.length) return undefined;
  return Array.from({ length: count }, (_place, i) => {
    const sorted = Float64Array.from(found, (values) => at(values, i)).sort();
    return {
      low: quantile(sorted, (1 - level) / 2),
      high: quantile(sorted, (1 + level) / 2),
    };
  });
}

function sensitivitiesAt(
  ranking: Ranking,
  weights: Float64Array,
  places: readonly number[],
): readonly number[] | null {
  const { positives, negatives } = totals(ranking, weights);
  if (positives === 0 || negatives === 0) return null;
  const found: number[] = [];
  let [beforeTrue, beforeFalse] = [0, 0];
  eachThreshold(ranking, weights, (truePositives, falsePositives) => {
    // A place on a vertical piece has the top of it, so that it waits for a point beyond.
    for (;;) {
      const place = places[found.length];
      if (place === undefined) break;
      const wanted = place * negatives;
      if (falsePositives <= wanted) break;
      const part = (wanted - beforeFalse) / (falsePositives - beforeFalse);
      const count = beforeTrue + part * (truePositives - beforeTrue);
      found.push(count / positives);
    }
    [beforeTrue, beforeFalse] = [truePositives, falsePositives];
  });
  while (found.length < places.length) found.push(1);
  return found;
}

function precisionsAt(
  ranking: Ranking,
  weights: Float64Array,
  places: readonly number[],
): readonly number[] | null {
  const { positives } = totals(ranking, weights);
  if (positives === 0) return null;
  const found: number[] = [];
  eachThreshold(ranking, weights, (truePositives, falsePositives) => {
    const precision = truePositives / (truePositives + falsePositives);
    for (;;) {
      const place = places[found.length];
      if (place === undefined || truePositives < place * positives) break;
      found.push(precision);
    }
  });
  return found;
}

function totals(
  { order, isPositive }: Ranking,
  weights: Float64Array,
): { readonly positives: number; readonly negatives: number } {
  let [positives, negatives] = [0, 0];
  for (let place = 0; place < order.length; place++) {
    const weight = weights[order[place] as number] as number;
    if (isPositive[place] === 1) positives += weight;
    else negatives += weight;
  }
  return { positives, negatives };
}
