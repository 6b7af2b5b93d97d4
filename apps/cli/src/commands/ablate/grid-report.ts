import {
  gridTable,
  readGridRecord,
  tableInMarkdown,
  writeTable,
} from '@clip-lung/ablation';
import { type ClassifiedBy, waysToClassify } from '@clip-lung/run';
import { Option } from 'commander';

import { type AddCommand, screenOf } from '../../command.js';

interface Options {
  readonly by: ClassifiedBy;
  readonly json?: boolean;
}

export const addGridReport: AddCommand = (program, surroundings) => {
  program
    .command('report')
    .description(
      "write a grid's tables of what there is, and name the cells that are missing",
    )
    .argument('<folder>', "a grid's folder, made by ablate")
    .addOption(
      new Option(
        '--by <way>',
        'the predictions of the head, or those by texts, where `evaluate --by texts` has made them',
      )
        .choices(waysToClassify)
        .default('head'),
    )
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      const grid = await readGridRecord(folder);
      const table = await gridTable(folder, grid, {
        by: options.by,
        signal: surroundings.signal,
        onProgress: (done, total) => {
          screen.progress({ stage: 'reading run', done, total });
        },
      });
      const files = await writeTable(folder, table);
      screen.result(
        [...tableInMarkdown(table).trimEnd().split('\n'), ...files],
        { grid: folder, files, table },
      );
    });
};
