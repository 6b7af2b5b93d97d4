import { ClipLungError } from '@clip-lung/tensor';

/** A hyper-parameter outside its range. The message names it, its value, and the range. */
export class HyperparameterError extends ClipLungError {
  readonly code = 'hyperparameter';
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
