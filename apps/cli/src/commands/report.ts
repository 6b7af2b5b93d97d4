import { type ClassifiedBy, runPaths, waysToClassify } from '@clip-lung/run';
import { Option } from 'commander';

import { type AddCommand, screenOf } from '../command.js';
import { UsageError } from '../exit-codes.js';

interface Options {
  readonly by: ClassifiedBy;
  readonly data?: string;
  readonly out?: string;
  readonly json?: boolean;
}

export const addReport: AddCommand = (program, surroundings) => {
  program
    .command('report')
    .description(
      'write what a run came to, or several runs side by side, as one HTML file',
    )
    .argument('<run...>', 'run folders, made by train')
    .option(
      '--data <dataset>',
      'the dataset of the runs: shows slices of the hardest cases, and what was left out',
    )
    .option(
      '--out <file>',
      'the file to write; by default report.html in the run’s folder',
    )
    .addOption(
      new Option(
        '--by <way>',
        'report what the head predicts, or what evaluate --by texts has predicted',
      )
        .choices(waysToClassify)
        .default('head'),
    )
    .option('--json', 'print one JSON object')
    .action(async (runs: readonly string[], options: Options) => {
      const screen = screenOf(surroundings, options);
      // It takes a quarter of a second to load, which no other command needs.
      const { writeReport } = await import('@clip-lung/report');
      const written = await writeReport(runs, {
        ...{ by: options.by, data: options.data },
        out: options.out ?? placeFor(runs),
        signal: surroundings.signal,
        onNote: (message) => {
          screen.note(`note: ${message}`);
        },
      });
      screen.result([written.out], { ...written, runs });
    });
};

function placeFor(runs: readonly string[]): string {
  const [only, ...others] = runs;
  if (only !== undefined && others.length === 0) return runPaths(only).report;
  throw new UsageError(
    'a report of several runs belongs to none of their folders; say with --out <file> where to write it',
  );
}
