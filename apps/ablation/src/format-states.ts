import { tableLines } from '@clip-lung/evaluator';

import { cellName, runName } from './cell.js';
import {
  type CellState,
  type CellStateName,
  cellStateNames,
} from './cell-state.js';
import type { GridRecord } from './grid-record.js';
import { countStates } from './launch-cells.js';

/** How far a grid is, for a terminal: a line a run, its cells by state, and of each failed cell what went wrong. */
export function formatStates(
  grid: GridRecord,
  states: readonly CellState[],
): readonly string[] {
  const runs = new Map<string, CellState[]>();
  for (const state of states) {
    const { hash } = state.cell.run;
    const own = runs.get(hash);
    if (own === undefined) runs.set(hash, [state]);
    else own.push(state);
  }
  const rows = [...runs.values()];
  const count = (
    row: readonly CellState[],
    ...names: readonly CellStateName[]
  ): string => {
    const found = row.filter(({ state }) => names.includes(state)).length;
    return found === 0 ? '' : String(found);
  };
  const column = (title: string, cells: readonly string[]) => ({
    ...{ title, cells },
    align: 'right' as const,
  });
  return [
    ...tableLines([
      {
        title: 'run',
        align: 'left',
        cells: rows.map(([first]) =>
          first === undefined ? '' : runName(first.cell.run, grid),
        ),
      },
      {
        title: 'folder',
        align: 'left',
        cells: rows.map(([first]) => `runs/${first?.cell.run.hash ?? ''}`),
      },
      column(
        'folds',
        rows.map((row) => String(row.length)),
      ),
      ...cellStateNames
        .filter((name) => states.some(({ state }) => state === name))
        .map((name) =>
          column(
            name,
            rows.map((row) => count(row, name)),
          ),
        ),
    ]),
    '',
    describeCounts(states),
    ...states
      .filter(({ state }) => state === 'failed' || state === 'damaged')
      .flatMap((state) => problemLines(state, grid)),
  ];
}

/** `30 cells: 12 done, 2 training, 15 waiting, 1 failed` */
export function describeCounts(states: readonly CellState[]): string {
  const counts = countStates(states);
  const parts = cellStateNames.flatMap((name) => {
    const found = counts.get(name);
    return found === undefined ? [] : [`${found} ${name}`];
  });
  return `${states.length} ${states.length === 1 ? 'cell' : 'cells'}: ${parts.join(', ')}`;
}

function problemLines(
  { cell, state, error, log }: CellState,
  grid: GridRecord,
): readonly string[] {
  return [
    '',
    `${state}: ${cellName(cell, grid)}`,
    ...(error === null ? [] : [`  ${error}`]),
    ...(log === null ? [] : [`  log: ${log}`]),
  ];
}
