import { writePhantom } from '@clip-lung/phantom/node';

import { type AddCommand, screenOf } from '../command.js';
import { wholeNumber } from '../whole-number.js';

interface Options {
  readonly patients: number;
  readonly seed: number;
  readonly json?: boolean;
}

export const addPhantom: AddCommand = (program, surroundings) => {
  program
    .command('phantom')
    .description(
      'write a folder like LIDC-IDRI: DICOM and XML files of simulated nodules',
    )
    .argument('<folder>', 'where to; it must be new, empty, or a phantom')
    .option('--patients <n>', 'number of patients', wholeNumber(1), 60)
    .option('--seed <s>', 'of everything random', wholeNumber(0), 1)
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      const summary = await writePhantom({
        out: folder,
        patients: options.patients,
        seed: options.seed,
        signal: surroundings.signal,
        onProgress: screen.progress,
      });
      screen.result(
        `${summary.nodules} simulated nodules of ${summary.patients} patients, ${summary.slices} slices, ${Math.round(summary.bytes / 2 ** 20)} MB: ${folder}`,
        { ...summary, folder },
      );
    });
};
