import type { Manifest } from '@clip-lung/data';
import {
  type LabelStatistic,
  labelStatistics,
  type Rule,
  rules,
} from '@clip-lung/lidc';
import { prepareDataset, prepareNoduleMnist } from '@clip-lung/data/node';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { type AddCommand, screenOf } from '../command.js';
import { UsageError } from '../exit-codes.js';
import { wholeNumber } from '../whole-number.js';

const sources = ['lidc-idri', 'nodulemnist3d'] as const;

interface Options {
  readonly from: (typeof sources)[number];
  readonly out: string;
  readonly minReaders: number;
  readonly rule: Rule;
  readonly label: LabelStatistic;
  readonly margin?: number | true;
  readonly patients?: number | readonly string[];
  readonly strict?: boolean;
  readonly folds: number;
  readonly seed: number;
  readonly workers?: number;
  readonly json?: boolean;
}

/** How much larger than a model sees them crops are stored for augmentation, unless a number is given. */
const usualMargin = 1.5;

export const addPrepare: AddCommand = (program, surroundings) => {
  program
    .command('prepare')
    .description(
      'make a dataset of LIDC-IDRI: nodules, labels, crops and folds',
    )
    .argument(
      '<source>',
      'a folder with the CT series and the annotation files, in any layout; or nodulemnist3d.npz',
    )
    .addOption(
      new Option('--from <source>', 'what is read')
        .choices(sources)
        .default('lidc-idri'),
    )
    .requiredOption('--out <folder>', 'the dataset folder to write')
    .option(
      '--min-readers <n>',
      'leave out nodules that fewer readers annotated',
      wholeNumber(1),
      1,
    )
    .addOption(
      new Option(
        '--rule <rule>',
        'whether a malignancy of 2.5 or 3.5 is unsure (pylidc: exclusive bounds) or not (inclusive)',
      )
        .choices(rules)
        .default('pylidc'),
    )
    .addOption(
      new Option(
        '--label <statistic>',
        "what of the readers' malignancy ratings decides the class",
      )
        .choices(labelStatistics)
        .default('mean'),
    )
    .option(
      '--margin [times]',
      `store crops larger than a model sees them, for augmentation (${usualMargin} times, unless said)`,
      numberAbove1,
    )
    .option(
      '--patients <list>',
      'only these patients (IDs, with commas between), or only so many',
      patientList,
    )
    .option('--strict', 'end with an error when a scan cannot be prepared')
    .option(
      '--folds <n>',
      'number of folds, no patient in two',
      wholeNumber(2),
      5,
    )
    .option('--seed <s>', 'of the division into folds', wholeNumber(0), 1)
    .option(
      '--workers <n>',
      'threads that prepare scans (default: one for each processor, at most 4)',
      wholeNumber(1),
    )
    .option('--json', 'print the manifest as one JSON object')
    .action(async (folder: string, options: Options, command: Command) => {
      const { json = false, margin, from, ...given } = options;
      const screen = screenOf(surroundings, { json });
      if (from === 'nodulemnist3d') {
        expectNoLidcOptions(command);
        const made = await prepareNoduleMnist({
          file: folder,
          out: given.out,
          signal: surroundings.signal,
          onProgress: screen.progress,
        });
        screen.result(formatManifest(made, given.out), made);
        return;
      }
      const manifest = await prepareDataset({
        folder,
        ...given,
        margin: margin === true ? usualMargin : margin,
        signal: surroundings.signal,
        onProgress: screen.progress,
      });
      screen.result(formatManifest(manifest, given.out), manifest);
    });
};

/** NoduleMNIST3D comes with its classes, crops and split made. */
function expectNoLidcOptions(command: Command): void {
  const common = ['out', 'from', 'json', 'verbose'];
  for (const option of command.options) {
    const name = option.attributeName();
    const given = command.getOptionValueSource(name) === 'cli';
    if (!given || common.includes(name)) continue;
    throw new UsageError(
      `${option.long ?? name} does not apply to --from nodulemnist3d, whose nodules, classes and split are made already`,
    );
  }
}

function numberAbove1(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 1) return value;
  throw new InvalidArgumentError('expected a number of at least 1.');
}

/** A whole number is so many patients, else it is their IDs. */
function patientList(text: string): number | readonly string[] {
  if (/^\d+$/.test(text)) return wholeNumber(1)(text);
  const ids = text.split(',').map((id) => id.trim());
  if (ids.every((id) => id !== '')) return ids;
  throw new InvalidArgumentError('expected IDs with commas between them.');
}

export function formatManifest(
  { counts, rule, options, collection, failures, ratings }: Manifest,
  out: string,
): readonly string[] {
  const labels = Object.entries(counts.labels).map(
    ([label, count]) => `${count} ${label}`,
  );
  const { minReaders, label } = options;
  const lines = [
    `${counts.nodules} nodules of ${counts.patients} patients in ${counts.scans} scans: ${labels.join(', ')}`,
    !ratings
      ? `from ${collection}, with its own split; no ratings of attributes`
      : `rule ${rule} on the ${label} malignancy, at least ${minReaders} ${minReaders === 1 ? 'reader' : 'readers'}, ${options.folds} folds, from ${collection}`,
  ];
  const odd = Object.entries(counts.warnings).map(
    ([code, count]) => `${count} ${code}`,
  );
  if (odd.length > 0)
    lines.push(`warnings: ${odd.join(', ')} (manifest.json lists them)`);
  if (counts.scansWithoutImages > 0)
    lines.push(
      `annotated scans without images in the folder, left out: ${counts.scansWithoutImages}`,
    );
  if (failures.length > 0)
    lines.push(`left out: ${failures.length} scans that could not be prepared`);
  for (const { file, message } of failures) lines.push(`  ${file}: ${message}`);
  lines.push(out);
  return lines;
}
