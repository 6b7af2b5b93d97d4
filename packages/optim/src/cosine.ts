import { check, checkLength } from './hyperparameter.js';
import { linearWarmup } from './warmup.js';

export interface CosineOptions {
  /** the highest learning rate */
  readonly base: number;
  /** length of the schedule, the warm-up included; a whole number */
  readonly steps: number;
  /** steps of linear rise to `base` at the start; a whole number below `steps` */
  readonly warmup?: number;
  /** the learning rate from step `steps` on */
  readonly final?: number;
}

/**
 * A learning rate that falls from `base` to `final` along half a cosine wave, as `CosineAnnealingLR` of PyTorch gives it
 * at each step. Where there is a warm-up, step s of it has base · (s + 1) / warmup, and the wave takes the steps that
 * are left.
 *
 * Beyond `steps` the rate stays at `final`, where PyTorch's would rise again.
 *
 * @returns the learning rate of a step, counted from 0; a step may be fractional
 * @throws `HyperparameterError` when an option, or the step, is out of its range
 * @see Loshchilov & Hutter, SGDR (arXiv 1608.03983), equation 5
 */
export function cosineSchedule({
  base,
  steps,
  warmup = 0,
  final = 0,
}: CosineOptions): (step: number) => number {
  checkLength({ base, steps });
  check(
    Number.isSafeInteger(warmup) && warmup >= 0 && warmup < steps,
    'warmup',
    warmup,
    `a whole number from 0 to below the ${steps} steps`,
  );
  check(
    final >= 0 && final <= base,
    'final',
    final,
    `from 0 to the base of ${base}`,
  );
  return linearWarmup({ base, warmup }, (step) => {
    const progress = Math.min(1, step / (steps - warmup));
    return final + ((base - final) * (1 + Math.cos(Math.PI * progress))) / 2;
  });
}
