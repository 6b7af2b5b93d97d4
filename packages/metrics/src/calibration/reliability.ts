import { at } from '@clip-lung/tensor';

import { checkPaired } from '../check.js';
import { checkEventProbabilities } from '../check-binary.js';
import { clusteredProportion } from '../clustered-proportion.js';
import type { Interval } from '../interval.js';
import { type BinOptions, probabilityBins } from './probability-bins.js';

/** The nodules whose probability of the event falls into (low, high]. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly nodules: number;
  readonly patients: number;
  /** mean probability; null in an empty bin */
  readonly predicted: number | null;
  /** how often the event came; null in an empty bin */
  readonly observed: number | null;
  /** of `observed`, by patient; null for fewer than two patients */
  readonly band: Interval | null;
}

export interface ReliabilityOptions extends BinOptions {
  /** which of the N are events, such as "malignant" */
  readonly positive: readonly boolean[];
  /** of the event, [N] */
  readonly probabilities: readonly number[];
  /** of each nodule, [N] */
  readonly patients: readonly string[];
  /** of the bands; 0.95 by default */
  readonly level?: number;
}

/**
 * How often an event comes where a probability is given to it: the points of a reliability diagram, with a band for each.
 *
 * @returns the bins in order, empty ones included
 * @throws `MetricsInputError` for lists that do not fit, probabilities outside of 0..1, or no bins
 * @see Bröcker & Smith, Weather and Forecasting 22 (2007); {@link clusteredProportion} for the bands
 */
export function reliabilityBins({
  positive,
  probabilities,
  patients,
  level = 0.95,
  ...options
}: ReliabilityOptions): readonly ReliabilityBin[] {
  checkEventProbabilities(positive, probabilities);
  checkPaired(positive, patients, 'patients');
  const { edges, binOf } = probabilityBins(probabilities, options);
  return edges.map(([low, high], bin) => {
    const members = [...binOf.keys()].filter((i) => binOf[i] === bin);
    const nodules = members.length;
    if (nodules === 0) {
      const none = { predicted: null, observed: null, band: null };
      return { low, high, nodules, patients: 0, ...none };
    }
    const { proportion, interval, groups } = clusteredProportion(
      members.map((i) => at(positive, i)),
      members.map((i) => at(patients, i)),
      level,
    );
    const total = members.reduce((sum, i) => sum + at(probabilities, i), 0);
    return {
      low,
      high,
      nodules,
      patients: groups,
      predicted: total / nodules,
      observed: proportion,
      band: interval,
    };
  });
}
