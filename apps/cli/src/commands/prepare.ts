import { formatManifest } from '@clip-lung/data';
import {
  optionsOf,
  parseOptions,
  parseShard,
  type ShardReport,
  type Source,
  type SourceOption,
  sources as known,
} from '@clip-lung/data/node';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { type AddCommand, screenOf } from '../command.js';
import { UsageError } from '../exit-codes.js';
import { formatShard } from '../format-shard.js';
import { sourceNames as names } from '../own-source.js';
import {
  profileOf,
  type SlurmOptions,
  withSlurmOptions,
} from '../slurm-options.js';
import { wholeNumber } from '../whole-number.js';
import { prepareOnSlurm } from './prepare-on-slurm.js';

type Options = Readonly<Record<string, string | true>> & {
  readonly from: string;
  readonly out: string;
  readonly shard?: string;
  readonly shards?: string;
};

export const addPrepare: AddCommand = (program, surroundings) => {
  const { ownSource: own } = surroundings;
  const sources: readonly Source[] = own === undefined ? known : [own.source];
  const named = (from: string): Source | undefined =>
    own?.file === from
      ? own.source
      : known.find(({ name, aliases = [] }: Source) =>
          [name, ...aliases].includes(from),
        );
  const command = program
    .command('prepare')
    .description('make a dataset: nodules, classes, crops and folds')
    .argument(
      '<source>',
      sources.map(({ name, reads }) => `${name}: ${reads}`).join('; '),
    )
    .addOption(
      new Option(
        '--from <source>',
        `what is read: ${names.join(', ')}, or a file with a source of your own, ./my-source.ts, whose options --help then tells`,
      )
        .argParser((from) => {
          if (named(from) !== undefined) return from;
          throw new InvalidArgumentError(
            `There is no such source. Expected one of ${names.join(', ')}; or a file with a source of your own, such as ./my-source.ts.`,
          );
        })
        .default('lidc'),
    )
    .requiredOption('--out <folder>', 'the dataset folder to write')
    .option(
      '--shard <k/n>',
      'prepare only the k-th of n shards of the patients, for a later prepare without --shard to make the dataset of [lidc]',
    )
    .option(
      '--shards <n>',
      'with --launcher slurm, how many shards to submit [lidc]',
      (text) => String(wholeNumber(1)(text)),
    )
    .option(
      '--json',
      'print the manifest, or what a shard came to, as one JSON object',
    );
  withSlurmOptions(command, 'prepare on this machine');
  for (const option of flagsOf(sources)) command.addOption(option);
  command.action(async (input: string, given: Options, self: Command) => {
    const screen = screenOf(surroundings, { json: 'json' in given });
    const source = named(given.from);
    if (source === undefined) throw new TypeError(`no source ${given.from}`);
    const profile = await profileOf(given as unknown as SlurmOptions);
    if (profile !== undefined) {
      expectSharded(source, given);
      const shards = Number(given.shards);
      await prepareOnSlurm(wholeCommand(input, given, self), {
        ...{ out: given.out, shards, profile, screen },
      });
      return;
    }
    if (given.shards !== undefined) {
      throw new UsageError('--shards only applies to --launcher slurm');
    }
    const request = {
      input,
      out: given.out,
      options: parseOptions(source, optionsFor(source, given, self)),
      signal: surroundings.signal,
      onProgress: screen.progress,
      onNote: screen.note,
    };
    const { shard } = given;
    if (shard !== undefined) {
      const report = await prepareShard(source, {
        ...request,
        shard: parseShard(shard),
      });
      screen.result(formatShard(report), report);
      return;
    }
    const manifest = await source.prepare(request);
    screen.result(formatManifest(manifest, given.out), manifest);
  });
};

/** The command that prepares the whole, as it was given, for another process. */
function wholeCommand(
  input: string,
  given: Options,
  { options }: Command,
): readonly string[] {
  const own = ['launcher', 'profile', 'shard', 'shards', 'json', 'verbose'];
  return [
    'prepare',
    input,
    ...options.flatMap((option) => {
      const value = given[option.attributeName()];
      const { long } = option;
      if (value === undefined || typeof long !== 'string') return [];
      if (own.includes(option.attributeName())) return [];
      return value === true ? [long] : [long, value];
    }),
  ];
}

/** @throws {@link UsageError} for what cannot be prepared in shards */
function expectSharded(
  source: Source,
  { shard, shards }: Pick<Options, 'shard' | 'shards'>,
): void {
  if (shard !== undefined) {
    throw new UsageError(
      '--shard is for one shard on this machine; with --launcher slurm, say how many: --shards 8',
    );
  }
  if (shards === undefined) {
    throw new UsageError(
      '--launcher slurm needs --shards <n>: the patients are divided among so many jobs',
    );
  }
  if (source.prepareShard === undefined) throw notSharded(source);
}

/** @throws {@link UsageError} for a source that is not prepared in shards */
function prepareShard(
  source: Source,
  request: Parameters<NonNullable<Source['prepareShard']>>[0],
): Promise<ShardReport> {
  if (source.prepareShard !== undefined) return source.prepareShard(request);
  throw notSharded(source);
}

function notSharded(source: Source): UsageError {
  const shared = known
    .filter((one: Source) => one.prepareShard !== undefined)
    .map(({ name }) => name);
  return new UsageError(
    `--shard does not apply to --from ${source.name}, which is prepared as a whole; only --from ${shared.join(', ')} can be prepared in shards`,
  );
}

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
    const usual = option.isNeeded
      ? ', needed'
      : option.default === undefined
        ? ''
        : `, default ${option.default}`;
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
  const common = [
    ...['out', 'from', 'shard', 'shards', 'launcher', 'profile'],
    ...['json', 'verbose'],
  ];
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
