import {
  evaluateRun,
  evaluateRuns,
  formatComparison,
  formatEvaluation,
} from '@clip-lung/evaluator';
import {
  openRunWithTexts,
  predictByTexts,
  type RunWithTexts,
} from '@clip-lung/inference/node';
import { type ClassifiedBy, waysToClassify } from '@clip-lung/run';
import type { FileWriteError } from '@clip-lung/tensor/node';
import { Option } from 'commander';

import { type AddCommand, screenOf } from '../command.js';
import { UsageError } from '../exit-codes.js';
import {
  type PluginOptions,
  policyOf,
  withPluginOptions,
} from '../plugin-options.js';

interface Options extends PluginOptions {
  readonly by: ClassifiedBy;
  readonly data?: string;
  readonly text?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

export const addEvaluate: AddCommand = (program, surroundings) => {
  const command = program
    .command('evaluate')
    .description('measure what runs predict for their test nodules')
    .argument('<run...>', 'run folders, made by train')
    .addOption(
      new Option(
        '--by <way>',
        'classify by the head, as train has done, or by the nearest text of a class, as CLIP does',
      )
        .choices(waysToClassify)
        .default('head'),
    )
    .option(
      '--data <dataset>',
      'with --by texts, the dataset of the runs, if it is not where train found it',
    )
    .option(
      '--text <folder>',
      'with --by texts, their CLIP text tower, if it is not where train found it',
    )
    .option('--offline', 'download nothing')
    .option(
      '--json',
      'print one JSON object; for several runs, { runs: [ … ] }',
    )
    .action(async (runs: readonly string[], options: Options) => {
      const screen = screenOf(surroundings, options);
      const { by, data, text, offline } = options;
      const { signal } = surroundings;
      if (by === 'texts') {
        // What cannot be classified by texts is refused before anything is computed.
        const opened: RunWithTexts[] = [];
        const policy = policyOf(screen, options);
        for (const run of runs) {
          opened.push(await openRunWithTexts(run, policy, text));
        }
        for (const run of opened) {
          await predictByTexts(run, {
            ...{ data, offline, signal },
            onNote: screen.note,
            onProgress: screen.progress,
          });
        }
      } else if (data !== undefined || text !== undefined) {
        throw new UsageError(
          '--data and --text only apply to --by texts; by the head, the predictions that train wrote are evaluated',
        );
      }
      const measured = {
        by,
        signal,
        onNote: (message: string) => {
          screen.note(`note: ${message}`);
        },
        // A run in an archive can be read, if not written to.
        onUnwritten: (error: FileWriteError) => {
          if (!error.isForbidden) throw error;
          screen.note(`${error.message}; the figures are only printed`);
        },
      };
      const [only, ...others] = runs;
      if (only !== undefined && others.length === 0) {
        const evaluation = await evaluateRun(only, measured);
        screen.result(formatEvaluation(evaluation).split('\n'), evaluation);
        return;
      }
      const evaluations = await evaluateRuns(runs, measured);
      screen.result(
        [
          ...evaluations.map((evaluation) => formatEvaluation(evaluation)),
          formatComparison(evaluations),
        ]
          .join('\n\n')
          .split('\n'),
        { runs: evaluations },
      );
    });
  withPluginOptions(command);
};
