import {
  explainFold,
  explainNodule,
  methods,
  openExplainedRun,
} from '@clip-lung/explain/node';

import { type AddCommand, screenOf } from '../../command.js';
import {
  type PluginOptions,
  policyOf,
  withPluginOptions,
} from '../../plugin-options.js';
import { wholeNumber } from '../../whole-number.js';
import { foldReport } from './fold-report.js';
import { noduleReport } from './nodule-report.js';
import { writeExplanation } from './write-explanation.js';

interface Options extends PluginOptions {
  readonly nodule?: string;
  readonly fold?: number;
  readonly class?: string;
  readonly method: string;
  readonly layer?: string;
  readonly data?: string;
  readonly attributes?: boolean;
  readonly text?: string;
  readonly offline?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export const addExplain: AddCommand = (program, surroundings) => {
  const command = program
    .command('explain')
    .description('show what a trained fold looks at')
    .argument('<run>', 'a run folder, made by train')
    .option(
      '--nodule <id>',
      'its ID in nodules.csv of the dataset (default: figures over all nodules that the fold was tested with)',
    )
    .option(
      '--fold <k>',
      'the fold, counted from 0; may be left out if only one is trained',
      wholeNumber(0),
    )
    .option(
      '--class <name>',
      'the class to explain (default: the most probable)',
    )
    .option('--method <name>', methods.join(', '), 'grad-cam')
    .option(
      '--layer <name>',
      'of the class activation maps: layer1 to layer4, or features (default: the last inside the encoder)',
    )
    .option('--data <folder>', 'the dataset, if not where the run has it')
    .option('--attributes', 'insist on scores of the attributes')
    .option('--no-attributes', 'leave them out, and the text tower with them')
    .option('--text <folder>', 'the CLIP tower, if not where the run has it')
    .option('--offline', 'download nothing')
    .option('--out <folder>', 'write the map there: .npy, .svg and .json')
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      const run = await openExplainedRun(folder, {
        fold: options.fold,
        data: options.data,
        texts: options.attributes,
        tower: options.text,
        offline: options.offline,
        policy: policyOf(screen, options),
      });
      const choice = {
        class: options.class,
        method: options.method,
        layer: options.layer,
      };
      const { signal } = surroundings;
      const report =
        options.nodule === undefined
          ? foldReport(await explainFold(run, { ...choice, signal }), run)
          : noduleReport(
              await explainNodule(run, { ...choice, nodule: options.nodule }),
              run,
            );
      signal.throwIfAborted();
      const files =
        options.out === undefined
          ? []
          : await writeExplanation(options.out, report);
      screen.result(
        [...report.lines, ...files.map((file) => `written: ${file}`)],
        { ...report.json, files },
      );
    });
  withPluginOptions(command);
};
