import {
  cellTask,
  type CellState,
  describeCounts,
  type Estimate,
  type GridRecord,
} from '@clip-lung/ablation';

import { duration } from '../../screen.js';
import { shellWord } from '../../shell-word.js';

/** What a launch would do, for people: the cells, the time that they would take, and their commands. */
export function planLines({
  states,
  estimates,
  processes,
  commands,
}: {
  readonly states: readonly CellState[];
  readonly estimates: readonly Estimate[];
  readonly processes: number;
  readonly commands: readonly string[];
}): readonly string[] {
  const total = estimates.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    describeCounts(states),
    ...estimates.map(
      ({ name, cells, secondsPerStep, seconds }) =>
        `  ${name}: ${cells} ${cells === 1 ? 'cell' : 'cells'}, ${(1000 * secondsPerStep).toFixed(0)} ms a step, ${duration(1000 * seconds)}`,
    ),
    ...(estimates.length === 0
      ? ['nothing is left to train']
      : [
          `about ${duration(1000 * total)} of training on this machine, one cell at a time with all processors; ${processes} at a time share them. Starting, validating and testing are not in it`,
        ]),
    ...commands,
  ];
}

/** The command that trains a cell, to be copied. */
export function cellCommand(
  folder: string,
  grid: GridRecord,
  { cell }: CellState,
  options: { readonly offline: boolean },
): string {
  const { args } = cellTask(folder, grid, cell, options);
  return ['clip-lung', ...args].map(shellWord).join(' ');
}
