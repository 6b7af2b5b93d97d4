import { at } from '@clip-lung/tensor';

import { checkPaired } from '../check.js';
import { checkPart, checkScores } from '../check-binary.js';
import { normalCdf, normalQuantile } from '../distributions/normal.js';
import type { Interval } from '../interval.js';
import { groupPlaces } from '../resampling/group-places.js';
import { sortedWhere } from './auc.js';

export interface DeLongOptions {
  /** which of the N are positive */
  readonly positive: readonly boolean[];
  /** higher means more positive, [N] */
  readonly scores: readonly number[];
  /** the patient of each, [N], whose nodules resemble each other; by default each is a patient of its own */
  readonly groups?: readonly string[];
  /** 0.95 by default */
  readonly level?: number;
}

export interface DeLongAuc {
  readonly auc: number;
  /** 0 where all positives lie above all negatives, or below: then nothing can be told of it */
  readonly variance: number;
  /** on the logit scale, so that it keeps to 0..1; null where the variance is 0 */
  readonly interval: Interval | null;
}

/**
 * The area under the ROC curve with DeLong's variance, from placement values: of a positive, the part of negatives below it;
 * of a negative, the part of positives above it; ties count half. With groups it is Obuchowski's, for nodules of one patient;
 * of groups of one, that is DeLong's.
 *
 * @returns undefined where all or none are positive, or only one group has positives, or negatives: a variance is of two
 * @throws `MetricsInputError` for lists that do not fit, or a level outside (0, 1)
 * @see DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988); Obuchowski, Biometrics 53 (1997), for groups; Pepe, The
 *   Statistical Evaluation of Medical Tests (2003), §5.2.4, for the logit scale
 */
export function delongAuc({
  positive,
  scores,
  groups = everyOneItsOwn(positive),
  level = 0.95,
}: DeLongOptions): DeLongAuc | undefined {
  checkPart(level, 'level');
  const placed = placementsOf(positive, scores, groups);
  if (placed === undefined) return undefined;
  const { auc } = placed;
  const variance = covariance(placed, placed);
  return { auc, variance, interval: logitInterval({ auc, variance, level }) };
}

function logitInterval({
  auc,
  variance,
  level,
}: {
  readonly auc: number;
  readonly variance: number;
  readonly level: number;
}): Interval | null {
  if (!(variance > 0) || auc === 0 || auc === 1) return null;
  const z = normalQuantile((1 + level) / 2);
  const centre = Math.log(auc / (1 - auc));
  const spread = (z * Math.sqrt(variance)) / (auc * (1 - auc));
  const back = (logit: number): number => 1 / (1 + Math.exp(-logit));
  return { low: back(centre - spread), high: back(centre + spread) };
}

export interface DeLongTestOptions {
  readonly positive: readonly boolean[];
  /** of the one classifier, [N] */
  readonly a: readonly number[];
  /** of the other, of the same nodules, [N] */
  readonly b: readonly number[];
  readonly groups?: readonly string[];
  readonly level?: number;
}

export interface DeLongTest {
  /** the AUC of b − that of a */
  readonly difference: number;
  readonly variance: number;
  /** difference ± z · √variance; null where the variance is 0 */
  readonly interval: Interval | null;
  /** null where the variance is 0 */
  readonly z: number | null;
  /** two-sided; null where the variance is 0 */
  readonly pValue: number | null;
}

/**
 * DeLong's test of two AUCs of the same nodules; with groups, Obuchowski's.
 *
 * @returns undefined where an AUC or its variance is
 * @throws `MetricsInputError` for lists that do not fit, or a level outside (0, 1)
 * @see {@link delongAuc}
 */
export function delongTest({
  positive,
  a,
  b,
  groups = everyOneItsOwn(positive),
  level = 0.95,
}: DeLongTestOptions): DeLongTest | undefined {
  checkPart(level, 'level');
  const ofA = placementsOf(positive, a, groups);
  const ofB = placementsOf(positive, b, groups);
  if (ofA === undefined || ofB === undefined) return undefined;
  const difference = ofB.auc - ofA.auc;
  const variance =
    covariance(ofA, ofA) + covariance(ofB, ofB) - 2 * covariance(ofA, ofB);
  // What the three leave by rounding is no variance.
  if (!(variance > 1e-15)) {
    return { difference, variance: 0, interval: null, z: null, pValue: null };
  }
  const z = difference / Math.sqrt(variance);
  const spread = normalQuantile((1 + level) / 2) * Math.sqrt(variance);
  return {
    difference,
    variance,
    interval: { low: difference - spread, high: difference + spread },
    z,
    pValue: 2 * normalCdf(-Math.abs(z)),
  };
}

/** What the placement values of each group add up to, less what the AUC would give. */
interface Placed {
  readonly auc: number;
  /** Σ (V₁₀ − AUC) over the group's positives, [G] */
  readonly ofPositives: Float64Array;
  /** Σ (V₀₁ − AUC) over the group's negatives, [G] */
  readonly ofNegatives: Float64Array;
  readonly positives: number;
  readonly negatives: number;
  /** groups with positives, with negatives, and all */
  readonly groups: readonly [positive: number, negative: number, all: number];
}

function everyOneItsOwn(positive: readonly boolean[]): readonly string[] {
  return positive.map((_is, i) => String(i));
}

function placementsOf(
  positive: readonly boolean[],
  scores: readonly number[],
  groups: readonly string[],
): Placed | undefined {
  checkScores(positive, scores);
  checkPaired(positive, groups, 'groups');
  const above = sortedWhere(positive, scores, true);
  const below = sortedWhere(positive, scores, false);
  if (above.length === 0 || below.length === 0) return undefined;
  const values = scores.map((score, i) =>
    positive[i] ? partBelow(below, score) : 1 - partBelow(above, score),
  );
  const ofAll = values.filter((_value, i) => positive[i]);
  const auc = ofAll.reduce((sum, value) => sum + value, 0) / above.length;
  const { placeOf, count } = groupPlaces(groups);
  const ofPositives = new Float64Array(count);
  const ofNegatives = new Float64Array(count);
  const has: readonly [Set<number>, Set<number>] = [new Set(), new Set()];
  for (const [i, value] of values.entries()) {
    const place = at(placeOf, i);
    const sums = positive[i] ? ofPositives : ofNegatives;
    sums[place] = at(sums, place) + value - auc;
    has[positive[i] ? 0 : 1].add(place);
  }
  if (has[0].size < 2 || has[1].size < 2) return undefined;
  return {
    auc,
    ofPositives,
    ofNegatives,
    positives: above.length,
    negatives: below.length,
    groups: [has[0].size, has[1].size, count],
  };
}

/** The part of the values below a score, ties counting half. */
function partBelow(sorted: Float64Array, score: number): number {
  const lower = firstAt(sorted, (value) => value >= score);
  const notHigher = firstAt(sorted, (value) => value > score);
  return (lower + notHigher) / (2 * sorted.length);
}

function firstAt(
  sorted: Float64Array,
  isThere: (value: number) => boolean,
): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isThere(sorted[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Obuchowski's equations 2 to 5. Both are of the same positives and groups. */
function covariance(one: Placed, other: Placed): number {
  const [withPositive, withNegative, all] = one.groups;
  let tenTen = 0;
  let oneOne = 0;
  let mixed = 0;
  for (let g = 0; g < all; g++) {
    const [p, q] = [at(one.ofPositives, g), at(other.ofPositives, g)];
    const [r, s] = [at(one.ofNegatives, g), at(other.ofNegatives, g)];
    tenTen += p * q;
    oneOne += r * s;
    mixed += p * s + q * r;
  }
  const { positives: m, negatives: n } = one;
  return (
    (withPositive / (withPositive - 1) / m ** 2) * tenTen +
    (withNegative / (withNegative - 1) / n ** 2) * oneOne +
    (all / (all - 1) / (m * n)) * mixed
  );
}
