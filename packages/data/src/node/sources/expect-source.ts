import { z } from 'zod';

import { SourceError } from '../../errors.js';
import { optionsOf } from './source-options.js';
import type { Source } from './source.js';
import { sources } from './sources.js';

/** What `prepare` itself is told on the command line. */
const taken = ['from', 'out', 'shard', 'json', 'verbose', 'help', 'version'];

/**
 * Holds what a file exports to what a source is: its name, what it reads, and options that a command line can give.
 *
 * @param file for the error
 * @throws {@link SourceError} that names the file, says what is wrong, and what would be right
 */
export function expectSource(exported: unknown, file: string): Source {
  const refuse = (problem: string): never => {
    throw new SourceError(`${file}: ${problem}`);
  };
  const given = whatIsGiven(exported);
  if (given !== undefined) {
    return refuse(
      `${given}; expected a source: export default defineSource({ name, reads, options, open })`,
    );
  }
  const { name, reads, options, prepare } = exported as Partial<
    Readonly<Record<keyof Source, unknown>>
  >;
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name)) {
    return refuse(
      `name: is ${shown(name)}, expected small letters, digits and hyphens, such as "my-clinic"`,
    );
  }
  const known: readonly Source[] = sources;
  if (known.some((one) => [one.name, ...(one.aliases ?? [])].includes(name))) {
    return refuse(
      `name: is "${name}", which is a source already; give another`,
    );
  }
  if (typeof reads !== 'string' || reads === '') {
    return refuse(
      `reads: is ${shown(reads)}, expected what is read, in words: "a folder with …"`,
    );
  }
  if (!(options instanceof z.ZodObject)) {
    return refuse(
      `options: is ${shown(options)}, expected a schema, such as z.strictObject({}); z comes with @clip-lung/data/node`,
    );
  }
  if (typeof prepare !== 'function') {
    return refuse('has no open(); make the source with defineSource({ … })');
  }
  const source = exported as Source;
  for (const { key, flag, kind, default: usual } of optionsOf(source)) {
    if (!/^[a-z][A-Za-z0-9]*$/.test(key)) {
      refuse(
        `options: "${key}" cannot be an option; expected a name like this: minSlices`,
      );
    }
    if (taken.includes(key)) {
      refuse(
        `options: "${key}" is an option of prepare itself; call it otherwise`,
      );
    }
    // To a command line, --no-x is --x, denied.
    if (/^no[A-Z]/.test(key)) {
      refuse(
        `options: "${key}" would be ${flag}, which denies another option; call it otherwise`,
      );
    }
    if (kind === 'flag' && usual === 'true') {
      refuse(
        `options: "${key}" is true unless said, and ${flag} could only say the same; let it mean the opposite, and be false`,
      );
    }
    if (kind === 'other') {
      refuse(
        `options: "${key}" can be given on no command line; expected a text, a number, a boolean, an enum or a list of texts`,
      );
    }
  }
  return source;
}

/** What stands in place of a source; undefined for what may be one. */
function whatIsGiven(exported: unknown): string | undefined {
  if (exported === undefined) return 'has no default export';
  if (Array.isArray(exported)) {
    return 'exports a list by default; a file has one source';
  }
  if (typeof exported !== 'object' || exported === null) {
    return `exports ${shown(exported)} by default`;
  }
  if ('kind' in exported && 'create' in exported) {
    return `exports a module of the kind ${String(exported.kind)} by default, which an experiment names in "plugins"`;
  }
  if ('open' in exported && !('prepare' in exported)) {
    return 'exports an object by default that defineSource() has not made';
  }
  return undefined;
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value);
}
