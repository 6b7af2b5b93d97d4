import { at, softmax } from '@clip-lung/tensor';

import { checkApart } from '../apart.js';
import { checkPaired, checkProbabilities } from '../check.js';
import { MetricsInputError } from '../error.js';

/**
 * The temperature T at which softmax(logits / T) gives the labels the greatest likelihood.
 *
 * @param labels class indices, [N]
 * @param logits [N, K], before softmax; logarithms of probabilities do as well
 * @returns undefined where none is best: every answer is right (the colder, the better), or the answers are no better than chance
 *   (the warmer, the better)
 * @throws {@link MetricsInputError} for lists that do not fit
 * @see Guo et al., On Calibration of Modern Neural Networks, ICML 2017, §4.2
 */
export function fitTemperature(
  labels: readonly number[],
  logits: readonly (readonly number[])[],
): number | undefined {
  checkProbabilities(labels, logits);
  // In the inverse temperature the likelihood is concave: its derivative falls from that of chance to that of certainty.
  const atChance = logits.reduce(
    (sum, row, i) =>
      sum +
      at(row, at(labels, i)) -
      row.reduce((a, b) => a + b, 0) / row.length,
    0,
  );
  const atCertainty = logits.reduce(
    (sum, row, i) => sum + at(row, at(labels, i)) - Math.max(...row),
    0,
  );
  if (!(atChance > 0 && atCertainty < 0)) return undefined;
  let [low, high] = [1, 1];
  while (slopeAt(low, labels, logits) <= 0) low /= 2;
  while (slopeAt(high, labels, logits) >= 0) high *= 2;
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (slopeAt(middle, labels, logits) > 0) low = middle;
    else high = middle;
  }
  return 2 / (low + high);
}

/** Of the log-likelihood, by the inverse temperature: Σ (logit of the label − the mean logit under softmax). */
function slopeAt(
  inverse: number,
  labels: readonly number[],
  logits: readonly (readonly number[])[],
): number {
  let slope = 0;
  for (const [i, row] of logits.entries()) {
    const most = Math.max(...row);
    let [total, mean] = [0, 0];
    for (const logit of row) {
      const part = Math.exp(inverse * (logit - most));
      total += part;
      mean += part * logit;
    }
    slope += (row[labels[i] as number] as number) - mean / total;
  }
  return slope;
}

/** softmax(logits / T). @param logits [N, K] @throws {@link MetricsInputError} for a temperature that is not above 0 */
export function withTemperature(
  logits: readonly (readonly number[])[],
  temperature: number,
): readonly (readonly number[])[] {
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new MetricsInputError(
      `the temperature is ${temperature}, expected above 0`,
    );
  }
  return logits.map((row) => softmax(row.map((logit) => logit / temperature)));
}

export interface TemperatureScalingOptions {
  /** what T is fitted on */
  readonly validation: {
    readonly labels: readonly number[];
    readonly probabilities: readonly (readonly number[])[];
    readonly patients: readonly string[];
  };
  /** what it is then used for */
  readonly test: {
    readonly probabilities: readonly (readonly number[])[];
    readonly patients: readonly string[];
  };
}

export interface TemperatureScaling {
  readonly temperature: number;
  /** of the test nodules, [N, K]; the most probable classes stay the same */
  readonly probabilities: readonly (readonly number[])[];
}

/** A probability of 0, whose logarithm is infinite, counts as this. */
const least = 1e-12;

/**
 * Temperature scaling of probabilities, fitted on validation nodules alone.
 *
 * @returns undefined where no temperature is best of the validation nodules
 * @throws {@link MetricsInputError} for lists that do not fit, and a patient who is in both parts, by name
 */
export function scaleTemperature({
  validation,
  test,
}: TemperatureScalingOptions): TemperatureScaling | undefined {
  checkPaired(validation.labels, validation.patients, 'patients');
  checkPaired(test.probabilities, test.patients, 'patients');
  checkApart(validation.patients, test.patients, [
    'the validation',
    'the test',
  ]);
  const temperature = fitTemperature(
    validation.labels,
    logarithms(validation.probabilities),
  );
  if (temperature === undefined) return undefined;
  return {
    temperature,
    probabilities: withTemperature(logarithms(test.probabilities), temperature),
  };
}

function logarithms(
  probabilities: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  return probabilities.map((row) =>
    row.map((p) => Math.log(Math.max(p, least))),
  );
}
