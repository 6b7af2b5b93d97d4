import { percent } from '@clip-lung/evaluator';
import type { Bootstrapped, Interval, Metric } from '@clip-lung/metrics';

type Shown = Pick<Metric, 'shownAs'>;

/** Stands where there is no figure. */
export const none = '–';

/** `61.3 %`, or `0.613`. */
export function valueText(value: number, { shownAs }: Shown): string {
  return shownAs === 'percent' ? percent(value) : value.toFixed(3);
}

/** `54.1 to 68.0 %`, which no line divides */
export function intervalText({ low, high }: Interval, of: Shown): string {
  const start =
    of.shownAs === 'percent' ? (100 * low).toFixed(1) : low.toFixed(3);
  return `${start} to ${valueText(high, of)}`.replaceAll(' ', '\u00a0');
}

/** The interval, or why there is none. */
export function bootstrappedText(found: Bootstrapped, of: Shown): string {
  return found.interval === null
    ? `none: ${found.reason}`
    : intervalText(found.interval, of);
}

/** `3 nodules`, `1 nodule` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** How many different ones there are. */
export function distinct(names: readonly string[]): number {
  return new Set(names).size;
}
