import { MetricsInputError } from '../error.js';
import { groupKinds, type Kinds } from './group-kinds.js';
import { groupPlaces } from './group-places.js';

/** A figure as a function of which groups were drawn, and how often: what bootstrap and jackknife ask for. */
export interface ResampledFigure {
  readonly kinds: Kinds;
  /**
   * @param drawn how many groups of each kind, [J]
   * @returns null where the figure is undefined of these
   */
  readonly of: (drawn: Float64Array) => number | null;
  /** about how many additions that takes */
  readonly steps: number;
  /** why its resamples give no interval, where they do not */
  readonly noInterval?: string;
}

/** Lists over the cases, and a statistic as a function of their sums. */
export interface OfSums {
  /** what the statistic needs the sums of: S lists of N finite numbers */
  readonly values: readonly ArrayLike<number>[];
  /** computes the statistic from the sums of `values` over the cases that were drawn, [S]; null where it is undefined */
  readonly statistic: (sums: readonly number[]) => number | null;
}

/** @throws {@link MetricsInputError} for a list that is not as long as there are cases, or holds what is not a finite number */
export function figureOfSums(
  groups: readonly string[],
  { values, statistic }: OfSums,
): ResampledFigure {
  const kinds = groupKinds(groups, values);
  return {
    kinds,
    of: (drawn) =>
      statistic(
        kinds.sums.map((ofKind) => {
          let total = 0;
          for (let j = 0; j < drawn.length; j++) {
            total += (drawn[j] as number) * (ofKind[j] as number);
          }
          return total;
        }),
      ),
    steps: values.length * kinds.sizes.length,
  };
}

/**
 * A statistic of the cases' weights, [N]: how often the group of each was drawn, a whole number from 0; null where it is
 * undefined of these. The array is the same in every call.
 */
export type OfWeights = (weights: Float64Array) => number | null;

export function figureOfWeights(
  groups: readonly string[],
  statistic: OfWeights,
): ResampledFigure {
  const { placeOf, count } = groupPlaces(groups);
  const weights = new Float64Array(placeOf.length);
  return {
    kinds: {
      kindOf: Uint32Array.from({ length: count }, (_group, place) => place),
      sizes: new Float64Array(count).fill(1),
    },
    of: (drawn) => {
      for (let i = 0; i < weights.length; i++) {
        weights[i] = drawn[placeOf[i] as number] as number;
      }
      return statistic(weights);
    },
    steps: placeOf.length,
  };
}

/** @throws {@link MetricsInputError} for a statistic that is neither a finite number nor null @param where `of resample 3` */
export function finiteOrNull(
  value: number | null,
  where: string,
): number | null {
  if (value === null || Number.isFinite(value)) return value;
  throw new MetricsInputError(
    `the statistic ${where} is ${value}, expected a finite number, or null where it is undefined`,
  );
}
