import { formatRuns } from '@clip-lung/evaluator';
import { listRuns } from '@clip-lung/run';

import { type AddCommand, screenOf } from '../command.js';

export const addRuns: AddCommand = (program, surroundings) => {
  program
    .command('runs')
    .description(
      'list the runs below a folder: state, folds and epochs done, accuracy, age, host',
    )
    .argument('<folder>', 'a folder with runs at any depth, or a run')
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: { readonly json?: boolean }) => {
      const screen = screenOf(surroundings, options);
      const runs = await listRuns(folder, {
        signal: surroundings.signal,
        onNote: (message) => {
          screen.note(`note: ${message}`);
        },
      });
      const lines =
        runs.length === 0
          ? [`${folder}: there is no run in it`]
          : formatRuns(runs, Date.now()).split('\n');
      screen.result(lines, { runs });
    });
};
