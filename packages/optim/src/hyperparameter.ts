import { ClipLungError } from '@clip-lung/tensor';

/** A hyper-parameter outside its range. The message names it, its value, and the range. */
export class HyperparameterError extends ClipLungError {
  readonly code = 'hyperparameter';
}

/** Holds the highest rate and the length of a schedule to what they can be. @throws {@link HyperparameterError} */
export function checkLength({
  base,
  steps,
}: {
  readonly base: number;
  readonly steps: number;
}): void {
  check(Number.isFinite(base) && base >= 0, 'base', base, 'at least 0');
  check(
    Number.isSafeInteger(steps) && steps > 0,
    'steps',
    steps,
    'a whole number of at least 1',
  );
}

/** @throws {@link HyperparameterError} unless `valid` */
export function check(
  valid: boolean,
  name: string,
  value: number,
  expected: string,
): void {
  if (!valid) {
    throw new HyperparameterError(`${name} is ${value}, expected ${expected}`);
  }
}
