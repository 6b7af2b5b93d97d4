import { at } from '@clip-lung/tensor';

import { checkEventProbabilities } from '../check-binary.js';
import { type BinOptions, probabilityBins } from './probability-bins.js';

/** What a Brier score is made of: score = reliability − resolution + uncertainty + withinVariance − withinCovariance. */
export interface BrierDecomposition {
  /** mean over nodules of (p − event)², 0..1 */
  readonly score: number;
  /** how far the bins' mean probabilities are from their frequencies: 0 where calibrated */
  readonly reliability: number;
  /** how far the bins' frequencies are from the frequency of all: more is better */
  readonly resolution: number;
  /** of the event itself: ō(1 − ō) */
  readonly uncertainty: number;
  /** of the probabilities within bins */
  readonly withinVariance: number;
  /** twice the covariance of probabilities and events within bins: what bins hide of the resolution */
  readonly withinCovariance: number;
}

/**
 * The Brier score of an event, decomposed over bins. With the two terms of what varies within a bin it adds up exactly, whatever
 * the bins are; `resolution − withinVariance + withinCovariance` is the resolution that hardly depends on them.
 *
 * @param positive      which of the N are events, such as "malignant"
 * @param probabilities of the event, [N]
 * @throws `MetricsInputError` for lists that do not fit, probabilities outside of 0..1, or no bins
 * @see Murphy, J. Appl. Meteorology 12 (1973); Stephenson, Coelho & Jolliffe, Weather and Forecasting 23 (2008), equation 4
 */
export function brierDecomposition(
  positive: readonly boolean[],
  probabilities: readonly number[],
  options: BinOptions = {},
): BrierDecomposition {
  checkEventProbabilities(positive, probabilities);
  const events = positive.map(Number);
  const all = meanOf(events);
  const { edges, binOf } = probabilityBins(probabilities, options);
  const sums = {
    reliability: 0,
    resolution: 0,
    withinVariance: 0,
    withinCovariance: 0,
  };
  for (const bin of edges.keys()) {
    const members = [...binOf.keys()].filter((i) => binOf[i] === bin);
    if (members.length === 0) continue;
    const p = members.map((i) => at(probabilities, i));
    const o = members.map((i) => at(events, i));
    const [meanP, meanO] = [meanOf(p), meanOf(o)];
    sums.reliability += members.length * (meanP - meanO) ** 2;
    sums.resolution += members.length * (meanO - all) ** 2;
    for (const [j, value] of p.entries()) {
      sums.withinVariance += (value - meanP) ** 2;
      sums.withinCovariance += 2 * (value - meanP) * (at(o, j) - meanO);
    }
  }
  const n = positive.length;
  return {
    score: meanOf(probabilities.map((p, i) => (p - at(events, i)) ** 2)),
    reliability: sums.reliability / n,
    resolution: sums.resolution / n,
    uncertainty: all * (1 - all),
    withinVariance: sums.withinVariance / n,
    withinCovariance: sums.withinCovariance / n,
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
