import { formatShape } from '@clip-lung/tensor';

import type { Confusion } from './confusion.js';
import { MetricsInputError } from './error.js';
import type { OfSums, OfWeights } from './resampling/resampled-figure.js';

/** What a classifier of K classes has said of N nodules, and what is true. */
export interface Cases {
  /** names, [K] */
  readonly classes: readonly string[];
  /** whether the classes have an order, as degrees of malignancy do; it is that of `classes` */
  readonly areOrdered: boolean;
  /** true class indices, [N] */
  readonly labels: readonly number[];
  /** predicted class indices, [N]; a decision rule may pick another than the most probable */
  readonly predictions: readonly number[];
  /** [N, K] */
  readonly probabilities: readonly (readonly number[])[];
  /** counts [true class][predicted class], K×K */
  readonly confusion: Confusion;
}

/** What a metric finds: null where there is nothing to compute it from. */
export interface Measured {
  /** over all nodules */
  readonly value: number | null;
  /** of each class, in their order, [K]; of a metric that has `perClass` */
  readonly perClass?: readonly (number | null)[];
}

/** A figure of merit, and all that a summary, a table or a report has to know of it. */
export interface Metric {
  /** the figure's key in `summary.json`: `macroF1` */
  readonly name: string;
  /** what tables and reports call it: `macro F1` */
  readonly label: string;
  /** `61.3 %`, or `0.613` */
  readonly shownAs: 'percent' | 'decimal';
  /** the least and the greatest value that it can have */
  readonly range: readonly [least: number, greatest: number];
  /** or the value that is best, such as a slope of 1 */
  readonly better: 'higher' | 'lower' | { readonly nearTo: number };
  /** key and label of the figures of single classes, where it has any: `f1`, `F1` */
  readonly perClass?: { readonly name: string; readonly label: string };
  /** whether it has a column where runs stand side by side; default no */
  readonly isCompared?: boolean;
  /** what it can only be computed of; elsewhere its figures are null. Default: any two classes or more */
  readonly needs?: {
    /** classes that have an order */
    readonly ordered?: true;
    /** exactly two classes */
    readonly two?: true;
  };
  /** in which data it has no value, in words that follow "where"; a metric without it always has one, where its needs are met */
  readonly undefinedWhen?: string;
  measure(cases: Cases): Measured;
  /** lists over the nodules, and the figure as a function of their sums: for its interval, by drawing patients again */
  readonly resampled?: (cases: Cases) => OfSums;
  /**
   * Of a figure that does not follow from sums: the figure as a function of the nodules' weights. Without either, nodules
   * that were drawn are listed and measured anew, which gives the same and takes longer.
   */
  readonly weighted?: (cases: Cases) => OfWeights;
  /** why drawing patients again gives the figure no interval, in words; a comparison of two methods has one all the same */
  readonly noInterval?: string;
}

/** In which data a metric has no value, in words; undefined where it always has one. */
export function whereUndefined({
  needs,
  undefinedWhen,
}: Metric): string | undefined {
  const where = [
    needs?.ordered && 'the classes have no order',
    needs?.two && 'there are not exactly two classes',
    undefinedWhen,
  ].filter((words) => typeof words === 'string');
  return where.length === 0 ? undefined : where.join(', or ');
}

/** Whether a metric can be computed of the classes that cases have. */
export function isMet(needs: Metric['needs'], cases: Cases): boolean {
  if (needs?.ordered && !cases.areOrdered) return false;
  return !(needs?.two && cases.classes.length !== 2);
}

/**
 * Computes a metric, and holds it to what it says of itself.
 *
 * @throws {@link MetricsInputError} for cases that do not fit together, and for a metric that gives what it does not announce
 */
export function measure(metric: Metric, cases: Cases): Measured {
  const { name, perClass, needs } = metric;
  const classes = cases.classes.length;
  if (!isMet(needs, cases)) {
    return {
      value: null,
      ...(perClass && { perClass: cases.classes.map(() => null) }),
    };
  }
  const measured = metric.measure(cases);
  const ofClasses = measured.perClass?.length;
  if (ofClasses !== (perClass && classes)) {
    throw new MetricsInputError(
      `the metric "${name}" gives figures of ${ofClasses ?? 'no'} classes, expected ${perClass ? classes : 'none, since it has no "perClass"'}`,
    );
  }
  for (const value of [measured.value, ...(measured.perClass ?? [])]) {
    if (isFigure(metric, value)) continue;
    throw new MetricsInputError(
      `the metric "${name}" gives ${value}, expected a number in ${formatShape(metric.range)}${metric.undefinedWhen === undefined ? ', as it has no "undefinedWhen"' : ', or null'}`,
    );
  }
  return measured;
}

/** Whether a metric can have a figure: a number within its range, or null where it may be undefined. */
export function isFigure(metric: Metric, value: number | null): boolean {
  if (value === null) return whereUndefined(metric) !== undefined;
  const [least, greatest] = metric.range;
  // Sums of rounded probabilities end a little beyond.
  return value >= least - 1e-9 && value <= greatest + 1e-9;
}
