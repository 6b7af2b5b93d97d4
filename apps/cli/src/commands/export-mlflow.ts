import { exportMlflow } from '@clip-lung/tracking';

import { type AddCommand, screenOf } from '../command.js';

interface Options {
  readonly to: string;
  readonly experiment: string;
  readonly json?: boolean;
}

export const addExportMlflow: AddCommand = (program, surroundings) => {
  program
    .command('export-mlflow')
    .description(
      'put finished runs into MLflow: experiment, figures of every epoch and fold, summary; nothing twice',
    )
    .argument('<run...>', 'run folders, made by train')
    .requiredOption(
      '--to <address>',
      "MLflow's address, such as http://localhost:5000; MLFLOW_TRACKING_TOKEN, or …_USERNAME and …_PASSWORD, are shown to it",
    )
    .option('--experiment <name>', "MLflow's experiment", 'clip-lung')
    .option('--json', 'print one JSON object')
    .action(async (runs: readonly string[], options: Options) => {
      const screen = screenOf(surroundings, options);
      const exported = await exportMlflow(runs, {
        ...{ to: options.to, experiment: options.experiment },
        signal: surroundings.signal,
        onNote: (message) => {
          screen.note(`note: ${message}`);
        },
      });
      const lines = exported.map(
        ({ run, id, wasThere }) =>
          `${run}: ${wasThere ? 'was there already' : 'exported'}, as run ${id}`,
      );
      screen.result(lines, { runs: exported });
    });
};
