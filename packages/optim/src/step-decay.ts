import { check } from './hyperparameter.js';
import { linearWarmup, type WarmupOptions } from './warmup.js';

export interface StepDecayOptions extends WarmupOptions {
  /** steps from one fall to the next; a whole number from 1 */
  readonly every: number;
  /** what the rate is multiplied by at each, above 0 and at most 1 */
  readonly factor: number;
}

/**
 * A learning rate that falls in stairs, as `StepLR` of PyTorch: base · factor^⌊s / every⌋, s counted from the end of the warm-up.
 *
 * @returns the learning rate of a step, counted from 0
 * @throws `HyperparameterError` when an option, or the step, is out of its range
 */
export function stepSchedule({
  every,
  factor,
  ...warmup
}: StepDecayOptions): (step: number) => number {
  check(
    Number.isSafeInteger(every) && every > 0,
    'every',
    every,
    'a whole number of at least 1',
  );
  check(factor > 0 && factor <= 1, 'factor', factor, 'above 0 and at most 1');
  return linearWarmup(
    warmup,
    (step) => warmup.base * factor ** Math.floor(step / every),
  );
}
