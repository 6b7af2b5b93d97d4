import { writePhantom } from '@clip-lung/phantom/node';
import { InvalidArgumentError, Option } from 'commander';

import { type AddCommand, screenOf } from '../command.js';
import { wholeNumber } from '../whole-number.js';

interface Options {
  readonly patients: number;
  readonly seed: number;
  readonly matrix: number;
  readonly nodules: readonly [min: number, max: number];
  readonly quirks?: boolean;
  readonly json?: boolean;
}

export const addPhantom: AddCommand = (program, surroundings) => {
  program
    .command('phantom')
    .description(
      'write a folder like LIDC-IDRI: DICOM and XML files of simulated nodules',
    )
    .argument(
      '<folder>',
      'the folder to write; it must be new, empty, or an earlier phantom',
    )
    .option('--patients <n>', 'number of patients', wholeNumber(1), 60)
    .option('--seed <s>', 'seed of all random numbers', wholeNumber(0), 1)
    .option(
      '--matrix <pixels>',
      'width and height of a slice, 64 to 512',
      wholeNumber(64),
      128,
    )
    .addOption(
      new Option('--nodules <min-max>', 'nodules per patient, 0 to 8')
        .argParser(range)
        .default([2, 4], '2-4'),
    )
    .option(
      '--quirks',
      'add the oddities of real files, and list them in quirks.json',
    )
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      const summary = await writePhantom({
        out: folder,
        patients: options.patients,
        seed: options.seed,
        matrix: options.matrix,
        nodulesPerPatient: options.nodules,
        quirks: options.quirks,
        signal: surroundings.signal,
        onProgress: screen.progress,
      });
      screen.result(
        [
          `${summary.nodules} simulated nodules of ${summary.patients} patients, ${summary.slices} slices, ${Math.round(summary.bytes / 2 ** 20)} MB: ${folder}`,
        ],
        { ...summary, folder },
      );
    });
};

/** Reads `2-4`, or `3` for exactly three. */
function range(text: string): readonly [min: number, max: number] {
  const [, min, max = min] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [least, most] = [Number(min), Number(max)];
  if (least <= most && most <= 8) return [least, most];
  throw new InvalidArgumentError(
    'expected the least and the most, two whole numbers from 0 to 8, such as 2-4.',
  );
}
