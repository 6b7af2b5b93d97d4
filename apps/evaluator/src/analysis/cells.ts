import type { Interval } from '@clip-lung/metrics';

import type { Column } from '../table.js';
import type { Figure, MetricFigure } from './figure.js';

/** Stands where there is nothing to show. */
export const none = '–';

export function column<Row>(
  title: string,
  rows: readonly Row[],
  cell: (row: Row) => string,
  align: Column['align'] = 'right',
): Column {
  return { title, align, cells: rows.map(cell) };
}

export function shownCount(count: number | null): string {
  return count === null ? none : String(count);
}

type Shown = MetricFigure['shownAs'];

/** `61.3 % (55.0 to 67.2)`, `0.512 (0.401 to 0.611)` */
export function shownFigure(
  { value, interval }: Pick<Figure, 'value' | 'interval'>,
  shownAs: Shown,
): string {
  if (value === null) return none;
  const unit = shownAs === 'percent' ? ' %' : '';
  return `${shownNumber(value, shownAs)}${unit}${shownInterval(interval, shownAs)}`;
}

/** `+2.1 (-1.0 to 5.2)`: points where the figure is a percentage */
export function shownDifference(
  { value, interval }: Pick<Figure, 'value' | 'interval'>,
  shownAs: Shown,
): string {
  if (value === null) return none;
  const number = shownNumber(value, shownAs);
  const sign = value > 0 ? '+' : '';
  return `${sign}${number}${shownInterval(interval, shownAs)}`;
}

function shownInterval(interval: Interval | null, shownAs: Shown): string {
  if (interval === null) return '';
  const { low, high } = interval;
  return ` (${shownNumber(low, shownAs)} to ${shownNumber(high, shownAs)})`;
}

function shownNumber(value: number, shownAs: Shown): string {
  return shownAs === 'percent' ? (100 * value).toFixed(1) : value.toFixed(3);
}

/** Why a figure or its interval is missing, in words; undefined where both are there. */
export function reasonOf({
  value,
  reason,
  label,
}: Figure & { readonly label: string }): string | undefined {
  if (reason === null) return undefined;
  return value === null ? reason : `no interval of the ${label}: ${reason}`;
}
