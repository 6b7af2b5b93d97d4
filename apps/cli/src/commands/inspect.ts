import { formatInspection } from '@clip-lung/data';
import { inspectFolder } from '@clip-lung/data/node';

import { type AddCommand, screenOf } from '../command.js';

export const addInspect: AddCommand = (program, surroundings) => {
  program
    .command('inspect')
    .description(
      'count what the annotation files of LIDC-IDRI hold, and list what is odd',
    )
    .argument(
      '<xml-or-folder>',
      'an annotation file, or a folder that holds some, at any depth',
    )
    .option(
      '--json',
      'print one JSON object, with every scan and every warning',
    )
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const screen = screenOf(surroundings, options);
      const found = await inspectFolder(path, {
        signal: surroundings.signal,
        onProgress: screen.progress,
      });
      screen.result(formatInspection(found), found);
    });
};
