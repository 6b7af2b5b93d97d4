import type { Schedule } from '@clip-lung/optim';

import type { ResolvedExperiment } from './experiment.js';

/**
 * The learning rate of each step of a fold.
 *
 * @returns the rate of a step, counted from 0 over all epochs
 */
export function learningRateOf(
  schedule: Schedule,
  {
    epochs,
    learningRate: base,
  }: Pick<ResolvedExperiment['training'], 'epochs' | 'learningRate'>,
  stepsPerEpoch: number,
): (step: number) => number {
  const steps = epochs * stepsPerEpoch;
  return (step) => schedule(step, { base, steps, stepsPerEpoch, epochs });
}
