import { type Manifest, type Rule, rules } from '@clip-lung/data';
import { prepareDataset } from '@clip-lung/data/node';
import { Option } from 'commander';

import { type AddCommand, screenOf } from '../command.js';
import { wholeNumber } from '../whole-number.js';

interface Options {
  readonly out: string;
  readonly minReaders: number;
  readonly rule: Rule;
  readonly folds: number;
  readonly seed: number;
  readonly workers: number;
  readonly json?: boolean;
}

export const addPrepare: AddCommand = (program, surroundings) => {
  program
    .command('prepare')
    .description(
      'make a dataset of LIDC-IDRI: nodules, labels, crops and folds',
    )
    .argument(
      '<lidc-folder>',
      'holds the CT series and the annotation files, in any layout',
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
        'whether a mean malignancy of 2.5 or 3.5 is unsure (pylidc) or not (inclusive)',
      )
        .choices(rules)
        .default('pylidc'),
    )
    .option(
      '--folds <n>',
      'number of folds, no patient in two',
      wholeNumber(2),
      5,
    )
    .option('--seed <s>', 'of the division into folds', wholeNumber(0), 1)
    .option('--workers <n>', 'scans to work on at once', wholeNumber(1), 4)
    .option('--json', 'print the manifest as one JSON object')
    .action(async (folder: string, { json = false, ...options }: Options) => {
      const screen = screenOf(surroundings, { json });
      const manifest = await prepareDataset({
        folder,
        ...options,
        signal: surroundings.signal,
        onProgress: screen.progress,
      });
      screen.result(formatManifest(manifest, options.out), manifest);
    });
};

export function formatManifest(
  { counts, rule, options, collection, failures }: Manifest,
  out: string,
): string {
  const labels = Object.entries(counts.labels).map(
    ([label, count]) => `${count} ${label}`,
  );
  const lines = [
    `${counts.nodules} nodules of ${counts.patients} patients in ${counts.scans} scans: ${labels.join(', ')}`,
    `rule ${rule}, at least ${options.minReaders} ${options.minReaders === 1 ? 'reader' : 'readers'}, ${options.folds} folds, from ${collection}`,
  ];
  const odd = Object.entries(counts.warnings).map(
    ([code, count]) => `${count} ${code}`,
  );
  if (odd.length > 0)
    lines.push(`warnings: ${odd.join(', ')} (manifest.json lists them)`);
  for (const { file, message } of failures)
    lines.push(`left out: ${file}: ${message}`);
  lines.push(out);
  return lines.join('\n');
}
