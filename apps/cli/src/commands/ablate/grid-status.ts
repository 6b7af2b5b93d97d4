import {
  formatStates,
  queuedCells,
  readCellStates,
  readGridRecord,
} from '@clip-lung/ablation';

import { type AddCommand, screenOf } from '../../command.js';

export const addGridStatus: AddCommand = (program, surroundings) => {
  program
    .command('status')
    .description(
      'how far a grid is: cells by state, and the last error and the log of each that failed',
    )
    .argument('<folder>', "a grid's folder, made by ablate")
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: { readonly json?: boolean }) => {
      const grid = await readGridRecord(folder);
      const screen = screenOf(surroundings, options);
      const queued = await queuedCells(folder, (message) => {
        screen.note(`note: ${message}`);
      });
      const states = await readCellStates(folder, grid, queued);
      screen.result(formatStates(grid, states), {
        ...{ grid: folder, states },
      });
    });
};
