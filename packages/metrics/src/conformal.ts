import { at } from '@clip-lung/tensor';

import { checkApart } from './apart.js';
import { checkPaired, checkProbabilities } from './check.js';
import { checkPart } from './check-binary.js';
import {
  clusteredProportion,
  type ClusteredProportion,
} from './clustered-proportion.js';
import { MetricsInputError } from './error.js';

/** Nodules with what a classifier says of them. */
export interface ConformalCases {
  /** class indices, [N] */
  readonly labels: readonly number[];
  /** [N, K] */
  readonly probabilities: readonly (readonly number[])[];
  /** of each nodule, [N] */
  readonly patients: readonly string[];
}

export interface ConformalOptions {
  /** nodules of patients whom neither training nor test has seen */
  readonly calibration: ConformalCases;
  readonly test: ConformalCases;
  /** what part of the sets shall hold the true class; 0.9 by default */
  readonly coverage?: number;
  /** whether that is kept for each class (Mondrian) or only over all. Default: each */
  readonly byClass?: boolean;
}

export interface ConformalSets {
  /**
   * of each class, up to which 1 − p it belongs to a set, [K]; Infinity where the calibration has too few nodules to leave the
   * class out of any set
   */
  readonly quantiles: readonly number[];
  /** of each test nodule, the classes that cannot be ruled out, [N] */
  readonly sets: readonly (readonly number[])[];
  /** of each, its one class, or null where there are several, or none: "unsure", an abstention, [N] */
  readonly answers: readonly (number | null)[];
  /** what part of the sets hold the true class, by patient; of each class too, null where the test has none of it */
  readonly coverage: ClusteredProportion;
  readonly coverageByClass: readonly (ClusteredProportion | null)[];
  readonly meanSize: number;
  /** the part of nodules without an answer */
  readonly abstained: number;
  /** of those with an answer, the part that is right; null where there are none */
  readonly accuracyOfAnswers: number | null;
}

/**
 * Split conformal prediction: sets of classes that hold the true one with a probability that is asked for, whatever the classifier.
 * A class belongs to a nodule's set where 1 − p is at most the ⌈(n + 1)·coverage⌉-th smallest of the calibration's nodules of that
 * class. The guarantee is for nodules that could change places with those of the calibration; nodules of one patient resemble
 * each other, so that it holds for patients drawn alike, on average.
 *
 * @throws {@link MetricsInputError} for lists that do not fit, another number of classes, a patient of both parts, or a coverage
 *   outside (0, 1)
 * @see Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World (2005), §4.5; Sadinle, Lei & Wasserman, JASA 114 (2019),
 *   for sets by class
 */
export function conformalSets({
  calibration,
  test,
  coverage = 0.9,
  byClass = true,
}: ConformalOptions): ConformalSets {
  checkPart(coverage, 'the coverage');
  const classes = checkCases(calibration);
  const ofTest = checkCases(test);
  if (ofTest !== classes) {
    throw new MetricsInputError(
      `the test has ${ofTest} classes and the calibration ${classes}, expected the same`,
    );
  }
  checkApart(calibration.patients, test.patients, [
    'the calibration',
    'the test',
  ]);
  const quantiles = quantilesOf(calibration, { classes, coverage, byClass });
  const sets = test.probabilities.map((row) =>
    [...row.keys()].filter((k) => 1 - at(row, k) <= at(quantiles, k)),
  );
  const answers = sets.map((set) => (set.length === 1 ? at(set, 0) : null));
  const covered = sets.map((set, i) => set.includes(at(test.labels, i)));
  const answered = [...answers.keys()].filter((i) => answers[i] !== null);
  const right = answered.filter((i) => answers[i] === test.labels[i]);
  const sizes = sets.reduce((sum, set) => sum + set.length, 0);
  return {
    quantiles,
    sets,
    answers,
    coverage: clusteredProportion(covered, test.patients),
    coverageByClass: quantiles.map((_quantile, k) => {
      const own = [...covered.keys()].filter((i) => test.labels[i] === k);
      return own.length === 0
        ? null
        : clusteredProportion(
            own.map((i) => at(covered, i)),
            own.map((i) => at(test.patients, i)),
          );
    }),
    meanSize: sizes / sets.length,
    abstained: 1 - answered.length / sets.length,
    accuracyOfAnswers:
      answered.length === 0 ? null : right.length / answered.length,
  };
}

function checkCases({
  labels,
  probabilities,
  patients,
}: ConformalCases): number {
  checkPaired(labels, patients, 'patients');
  return checkProbabilities(labels, probabilities);
}

function quantilesOf(
  { labels, probabilities }: ConformalCases,
  {
    classes,
    coverage,
    byClass,
  }: {
    readonly classes: number;
    readonly coverage: number;
    readonly byClass: boolean;
  },
): readonly number[] {
  const scores = probabilities.map((row, i) => 1 - at(row, at(labels, i)));
  return Array.from({ length: classes }, (_class, k) => {
    const own = Float64Array.from(
      scores.filter((_score, i) => !byClass || labels[i] === k),
    ).sort();
    // 0.9 · 10 is 9.000000000000002 in floating point, and no reason for the tenth.
    const rank = Math.ceil((own.length + 1) * coverage - 1e-9);
    return own[rank - 1] ?? Infinity;
  });
}
