import type { LidcRecord, Manifest } from '@clip-lung/data';
import {
  optionsOf,
  parseOptions,
  type Source,
  type SourceOption,
  sources as known,
} from '@clip-lung/data/node';
import { type Command, Option } from 'commander';

import { type AddCommand, screenOf } from '../command.js';
import { UsageError } from '../exit-codes.js';

const sources: readonly Source[] = known;

type Options = Readonly<Record<string, string | true>> & {
  readonly from: string;
  readonly out: string;
};

export const addPrepare: AddCommand = (program, surroundings) => {
  const command = program
    .command('prepare')
    .description('make a dataset: nodules, classes, crops and folds')
    .argument(
      '<source>',
      sources.map(({ name, reads }) => `${name}: ${reads}`).join('; '),
    )
    .addOption(
      new Option('--from <source>', 'what is read')
        .choices(
          sources.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
        )
        .default('lidc'),
    )
    .requiredOption('--out <folder>', 'the dataset folder to write')
    .option('--json', 'print the manifest as one JSON object');
  for (const option of flagsOf(sources)) command.addOption(option);
  command.action(async (input: string, given: Options, own: Command) => {
    const screen = screenOf(surroundings, { json: 'json' in given });
    const source = sources.find(({ name, aliases = [] }) =>
      [name, ...aliases].includes(given.from),
    );
    if (source === undefined) throw new TypeError(`no source ${given.from}`);
    const manifest = await source.prepare({
      input,
      out: given.out,
      options: parseOptions(source, optionsFor(source, given, own)),
      signal: surroundings.signal,
      onProgress: screen.progress,
    });
    screen.result(formatManifest(manifest, given.out), manifest);
  });
};

/** The options of all sources: one that several have stands there once. */
function flagsOf(all: readonly Source[]): readonly Option[] {
  const byFlag = new Map<
    string,
    { readonly option: SourceOption; readonly of: string[] }
  >();
  for (const source of all) {
    for (const option of optionsOf(source)) {
      const there = byFlag.get(option.flag);
      if (there === undefined) {
        byFlag.set(option.flag, { option, of: [source.name] });
      } else there.of.push(source.name);
    }
  }
  return [...byFlag.values()].map(({ option, of }) => {
    const { flag, argument, description, choices } = option;
    const usual =
      option.default === undefined ? '' : `, default ${option.default}`;
    const made = new Option(
      argument === null ? flag : `${flag} ${argument}`,
      `${description} [${of.join(', ')}${usual}]`,
    );
    return choices === undefined ? made : made.choices([...choices]);
  });
}

/** @throws {@link UsageError} for an option that the source does not have */
function optionsFor(
  source: Source,
  given: Options,
  command: Command,
): Readonly<Record<string, string | true>> {
  const own = new Set(optionsOf(source).map(({ key }) => key));
  const common = ['out', 'from', 'json', 'verbose'];
  const chosen: Record<string, string | true> = {};
  for (const option of command.options) {
    const key = option.attributeName();
    const value = given[key];
    if (value === undefined || common.includes(key)) continue;
    if (!own.has(key)) {
      throw new UsageError(
        `${option.long ?? key} does not apply to --from ${source.name}, ${
          own.size === 0
            ? 'whose nodules, classes and split are fixed'
            : `which has ${optionsOf(source)
                .map(({ flag }) => flag)
                .join(', ')}`
        }`,
      );
    }
    chosen[key] = value;
  }
  return chosen;
}

export function formatManifest(
  { counts, collection, source, split, attributes, warnings }: Manifest,
  out: string,
): readonly string[] {
  const labels = Object.entries(counts.labels).map(
    ([label, count]) => `${count} ${label}`,
  );
  const scans =
    source.name === 'lidc' ? ` in ${source.counts.scans} scans` : '';
  const rated =
    attributes.length === 0
      ? 'no ratings of attributes'
      : `ratings of ${attributes.length} attributes`;
  const lines = [
    `${counts.nodules} nodules of ${counts.patients} patients${scans}: ${labels.join(', ')}`,
    source.name === 'lidc'
      ? `rule ${source.rule} on the ${source.options.label} malignancy, at least ${source.options.minReaders} ${source.options.minReaders === 1 ? 'reader' : 'readers'}, ${describeSplit(split)}, from ${collection}`
      : `from ${source.name === 'own' ? source.of : source.name} (${collection}), ${describeSplit(split)}; ${rated}`,
  ];
  const odd = Object.entries(counts.warnings).map(
    ([code, count]) => `${count} ${code}`,
  );
  if (odd.length > 0)
    lines.push(`warnings: ${odd.join(', ')} (manifest.json lists them)`);
  if (source.name === 'lidc') lines.push(...lossesOf(source));
  else lines.push(...warnings.map(({ message }) => `  ${message}`));
  lines.push(out);
  return lines;
}

function describeSplit(split: Manifest['split']): string {
  switch (split.kind) {
    case 'made':
      return `${split.folds} folds`;
    case 'given':
      return `${split.folds} folds of its own`;
    case 'own':
      return 'with its own split';
  }
}

/** What of LIDC-IDRI is not in the dataset. */
function lossesOf({ counts, failures }: LidcRecord): readonly string[] {
  const { scansWithoutImages } = counts;
  return [
    ...(scansWithoutImages > 0
      ? [
          `annotated scans without images in the folder, left out: ${scansWithoutImages}`,
        ]
      : []),
    ...(failures.length > 0
      ? [`left out: ${failures.length} scans that could not be prepared`]
      : []),
    ...failures.map(({ file, message }) => `  ${file}: ${message}`),
  ];
}
