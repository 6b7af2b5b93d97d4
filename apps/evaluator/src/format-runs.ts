import type { RunState } from '@clip-lung/run';
import { visibleLine } from '@clip-lung/tensor';

import { type Column, percent, tableLines } from './table.js';

/** Stands where nothing is known. */
const none = '–';

/**
 * A plain-text table of runs, a line each, and below it what is wrong with the damaged ones.
 *
 * @param now milliseconds since 1970
 */
export function formatRuns(runs: readonly RunState[], now: number): string {
  const column = (
    title: string,
    align: Column['align'],
    cell: (run: RunState) => string,
  ): Column => ({ title, align, cells: runs.map(cell) });
  const damages = runs.flatMap(({ problem }) => problem ?? []);
  return [
    ...tableLines([
      column('run', 'left', ({ run }) => run),
      column('state', 'left', ({ state }) => state),
      column('folds', 'right', ({ folds }) => outOf(folds)),
      column('epoch', 'right', ({ epochs }) => outOf(epochs)),
      column('accuracy', 'right', ({ best }) => accuracyOf(best)),
      column('age', 'right', ({ changed }) => ageOf(changed, now)),
      column('host', 'left', ({ host }) => host ?? none),
    ]),
    ...(damages.length === 0 ? [] : ['', ...damages.map(visibleLine)]),
  ].join('\n');
}

function outOf(
  count: { readonly done: number; readonly of: number | null } | null,
): string {
  return count === null ? none : `${count.done}/${count.of ?? '?'}`;
}

/** Of the test nodules, unless it says validation. */
function accuracyOf(best: RunState['best']): string {
  if (best === null) return none;
  const of = best.of === 'test' ? 'test' : 'val.';
  return `${percent(best.accuracy)} ${of}`;
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** How long ago a file was written: `3 h`. Clocks of other machines may run ahead. */
function ageOf(changed: string | null, now: number): string {
  if (changed === null) return none;
  const age = Math.max(0, now - Date.parse(changed)) / 1000;
  const [unit, seconds] = units.find(([, one]) => age >= one) ?? ['s', 1];
  return `${Math.floor(age / seconds)} ${unit}`;
}
