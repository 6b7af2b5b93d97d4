import { HyperparameterError } from './error.js';

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
