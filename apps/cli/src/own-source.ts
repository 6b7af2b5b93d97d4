import { type Source, sources as known } from '@clip-lung/data/node';
import { loadSource } from '@clip-lung/experiment';
import { Command } from 'commander';

/** A source of the user's own, and the file as it was named. */
export interface OwnSource {
  readonly file: string;
  readonly source: Source;
}

/** What `--from` knows without a file. */
export const sourceNames = known.flatMap(({ name, aliases = [] }: Source) => [
  name,
  ...aliases,
]);

/** The source of the user's own that a command line names. It has to be there before its options are read. */
export async function ownSource(
  args: readonly string[],
): Promise<OwnSource | undefined> {
  const looked = new Command()
    .allowUnknownOption()
    .helpOption(false)
    .option('--from [source]');
  const { operands } = looked.parseOptions([...args]);
  if (operands[0] !== 'prepare') return undefined;
  const { from } = looked.opts<{ readonly from?: string | true }>();
  if (typeof from !== 'string' || sourceNames.includes(from)) return undefined;
  const isFile = /[\\/]|\.[cm]?[jt]s$/.test(from);
  return isFile ? { file: from, source: await loadSource(from) } : undefined;
}
