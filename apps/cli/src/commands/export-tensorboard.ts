import { exportTensorBoard } from '@clip-lung/tracking';

import { type AddCommand, screenOf } from '../command.js';

interface Options {
  readonly to?: string;
  readonly json?: boolean;
}

export const addExportTensorBoard: AddCommand = (program, surroundings) => {
  program
    .command('export-tensorboard')
    .description(
      "write what TensorBoard's event files lack of a run: all, if it was trained without --tensorboard",
    )
    .argument('<run>', 'a run folder, made by train')
    .option(
      '--to <folder>',
      "where to write, a folder for each fold (default: the run's own)",
    )
    .option('--json', 'print one JSON object')
    .action(async (run: string, options: Options) => {
      const written = await exportTensorBoard(run, {
        to: options.to,
        signal: surroundings.signal,
      });
      const { files, scalars } = written;
      screenOf(surroundings, options).result(
        files.length === 0
          ? [`${run}: nothing is missing`]
          : [...files, `${scalars} scalars written`],
        { run, ...written },
      );
    });
};
