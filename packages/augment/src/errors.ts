import { ClipLungError } from '@clip-lung/tensor';

/** Options of an augmentation that make no sense. The message starts with the option's name. */
export class AugmentationError extends ClipLungError {
  readonly code = 'augmentation';
}

/** @throws {@link AugmentationError} unless the option is a number from `low` to `high` */
export function checkWithin(
  option: string,
  value: number,
  low: number,
  high = Infinity,
): void {
  if (value >= low && value <= high) return;
  throw new AugmentationError(
    `${option} is ${value}, expected a number ${high === Infinity ? `of at least ${low}` : `from ${low} to ${high}`}`,
  );
}
