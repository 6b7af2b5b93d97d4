import {
  evaluateRun,
  evaluateRuns,
  formatComparison,
  formatEvaluation,
} from '@clip-lung/evaluator';

import { type AddCommand, screenOf } from '../command.js';

export const addEvaluate: AddCommand = (program, surroundings) => {
  program
    .command('evaluate')
    .description('measure what runs predicted for their test nodules')
    .argument('<run...>', 'run folders, made by train')
    .option('--json', 'print one JSON object; of several runs, { runs: [ … ] }')
    .action(
      async (runs: readonly string[], options: { readonly json?: boolean }) => {
        const screen = screenOf(surroundings, options);
        const [only, ...others] = runs;
        if (only !== undefined && others.length === 0) {
          const evaluation = await evaluateRun(only);
          screen.result(formatEvaluation(evaluation), evaluation);
          return;
        }
        const evaluations = await evaluateRuns(runs);
        screen.result(
          [
            ...evaluations.map(formatEvaluation),
            formatComparison(evaluations),
          ].join('\n\n'),
          { runs: evaluations },
        );
      },
    );
};
