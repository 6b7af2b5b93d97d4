import { analyseRun, formatAnalysis } from '@clip-lung/evaluator';
import { type ClassifiedBy, waysToClassify } from '@clip-lung/run';
import { Option } from 'commander';

import { analysisTarget } from '../analysis-target.js';
import { type AddCommand, screenOf } from '../command.js';
import { wholeNumber } from '../whole-number.js';

interface Options {
  readonly data?: string;
  readonly by: ClassifiedBy;
  readonly hardest: number;
  readonly out?: string;
  readonly json?: boolean;
}

export const addAnalyse: AddCommand = (program, surroundings) => {
  program
    .command('analyse')
    .description(
      'hold what a run predicts against readers, in subgroups and by other labelling rules; list where its nodules come from, and the hardest',
    )
    .argument('<run>', 'a run folder, made by train')
    .option(
      '--data <dataset>',
      'the dataset of the run, if it is not where train found it',
    )
    .addOption(
      new Option(
        '--by <way>',
        'which predictions: those by the head, or by texts where evaluate --by texts has made them',
      )
        .choices(waysToClassify)
        .default('head'),
    )
    .option(
      '--hardest <n>',
      'how many of the hardest nodules to list',
      wholeNumber(0),
      20,
    )
    .option('--out <file.json>', 'write the analysis into a file, too')
    .option('--json', 'print the analysis as one JSON object')
    .action(async (run: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      const { data, by, hardest, out } = options;
      const target = out === undefined ? undefined : await analysisTarget(out);
      const analysis = await analyseRun(run, {
        ...{ data, by, hardest, signal: surroundings.signal },
        onNote: (message) => {
          screen.note(`note: ${message}`);
        },
      });
      await target?.write(analysis);
      screen.result(
        [
          ...formatAnalysis(analysis).split('\n'),
          ...(out === undefined ? [] : [`written: ${out}`]),
        ],
        analysis,
      );
    });
};
