import { ShapeError } from './error.js';

/** @throws `ShapeError` unless the option is a positive multiple of `step` */
export function checkCount(option: string, value: number, step = 1): void {
  if (!Number.isSafeInteger(value / step) || value < 1) {
    throw new ShapeError(
      `${option} is ${value}, expected ${step === 1 ? 'a whole number of at least 1' : `a multiple of ${step}`}`,
    );
  }
}
