import { check } from './hyperparameter.js';

export interface WarmupOptions {
  /** the learning rate to which it rises */
  readonly base: number;
  /** steps that the rise takes, a whole number; default 0, for none */
  readonly warmup?: number;
}

/**
 * A learning rate that rises to `base` in equal parts: step s of the warm-up has base · (s + 1) / warmup. What follows begins at its
 * own step 0 then, as PyTorch's `SequentialLR` of a `LinearLR` and another has it.
 *
 * @param after the rate of a step, counted from the end of the warm-up
 * @returns the rate of a step, counted from 0
 * @throws `HyperparameterError` when an option, or the step, is out of its range
 */
export function linearWarmup(
  { base, warmup = 0 }: WarmupOptions,
  after: (step: number) => number,
): (step: number) => number {
  check(Number.isFinite(base) && base >= 0, 'base', base, 'at least 0');
  check(
    Number.isSafeInteger(warmup) && warmup >= 0,
    'warmup',
    warmup,
    'a whole number of at least 0',
  );
  return (step) => {
    check(step >= 0, 'step', step, 'at least 0');
    return step < warmup
      ? Math.min(base, (base * (step + 1)) / warmup)
      : after(step - warmup);
  };
}

/** A learning rate that stays at `base`, once the warm-up is over. */
export function constantSchedule(
  options: WarmupOptions,
): (step: number) => number {
  return linearWarmup(options, () => options.base);
}
