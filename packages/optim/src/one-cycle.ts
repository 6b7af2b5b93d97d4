import { check, checkLength } from './hyperparameter.js';

export interface OneCycleOptions {
  /** the highest learning rate */
  readonly base: number;
  /** length of the cycle; a whole number */
  readonly steps: number;
  /** steps of rise, from 0 to below `steps`, and not always whole; default 0.3 of them all */
  readonly warmup?: number;
  /** the rate starts at base / divFactor; at least 1, default 25 */
  readonly divFactor?: number;
  /** and ends at base / divFactor / finalDivFactor; at least 1, default 10 000 */
  readonly finalDivFactor?: number;
}

/**
 * One cycle of the learning rate, as `OneCycleLR` of PyTorch with its default, cosines: up to `base`, and down to next to nothing.
 * The momentum stays as it is (`cycle_momentum=False`).
 *
 * @returns the learning rate of a step, counted from 0; from the last step on, that of the last
 * @throws `HyperparameterError` when an option, or the step, is out of its range
 * @see Smith & Topin, Super-Convergence (arXiv 1708.07120)
 */
export function oneCycleSchedule({
  base,
  steps,
  warmup = 0.3 * steps,
  divFactor = 25,
  finalDivFactor = 1e4,
}: OneCycleOptions): (step: number) => number {
  checkLength({ base, steps });
  check(
    warmup >= 0 && warmup < steps,
    'warmup',
    warmup,
    `from 0 to below the ${steps} steps`,
  );
  check(divFactor >= 1, 'divFactor', divFactor, 'at least 1');
  check(finalDivFactor >= 1, 'finalDivFactor', finalDivFactor, 'at least 1');
  const initial = base / divFactor;
  // Both are counted to the step itself, so that the last one has the final rate.
  const [top, end] = [warmup - 1, steps - 1];
  return (step) => {
    check(step >= 0, 'step', step, 'at least 0');
    if (step < top) return between(initial, base, step / top);
    const fallen = Math.min(1, (step - top) / (end - top));
    return between(base, initial / finalDivFactor, fallen);
  };
}

/** Along half a cosine wave. */
function between(start: number, end: number, part: number): number {
  return end + ((start - end) / 2) * (1 + Math.cos(Math.PI * part));
}
