import { z } from 'zod';

import { OptionError } from '../../errors.js';
import type { Source } from './source.js';

/** An option of a source, as a command line has it. */
export interface SourceOption {
  /** `minReaders` */
  readonly key: string;
  /** `--min-readers` */
  readonly flag: string;
  /** what its value is called; null where the flag stands alone, in brackets where it may */
  readonly argument: string | null;
  readonly description: string;
  /** what a command line can give; `other` is more than it can */
  readonly kind: 'flag' | 'value' | 'other';
  /** all that it may be, where those are a few words */
  readonly choices: readonly string[] | undefined;
  readonly default: string | undefined;
  /** whether there is nothing to go by without it */
  readonly isNeeded: boolean;
}

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly argument?: string;
}

/** The options of a source, from its schema. */
export function optionsOf({
  options,
}: Pick<Source, 'options'>): readonly SourceOption[] {
  const shape: Readonly<Record<string, z.core.$ZodType>> = options.shape;
  return Object.entries(shape).map(([key, type]) => {
    const schema = schemaOf(type);
    const kinds = kindsOf(schema);
    const name = schema.argument ?? key;
    return {
      key,
      flag: flagOf(key),
      kind: kinds.has('other')
        ? 'other'
        : kinds.has('flag') && kinds.size === 1
          ? 'flag'
          : 'value',
      argument: kinds.has('flag')
        ? kinds.size === 1
          ? null
          : `[${name}]`
        : `<${name}>`,
      description: schema.description ?? '',
      choices: schema.enum?.map(String),
      default:
        schema.default === undefined ? undefined : String(schema.default),
      isNeeded: !z.safeParse(type, undefined).success,
    };
  });
}

/**
 * Reads the options of a source off a command line.
 *
 * @param given texts, or true for a flag without a value, by their keys
 * @throws {@link OptionError} that names the flag, for a value that its schema refuses
 */
export function parseOptions<Schema extends z.ZodObject>(
  { options }: Pick<Source<Schema>, 'options'>,
  given: Readonly<Record<string, string | true>>,
): z.output<Schema> {
  const shape: Readonly<Record<string, z.core.$ZodType>> = options.shape;
  const values = Object.entries(given).map(([key, text]) => {
    const type = shape[key];
    return [key, type === undefined ? text : valueOf(text, schemaOf(type))];
  });
  const checked = options.safeParse(Object.fromEntries(values));
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const key = String(issue?.path[0] ?? '');
  const value = given[key];
  if (value === undefined) {
    const description = shape[key] && schemaOf(shape[key]).description;
    throw new OptionError(
      `${flagOf(key)} is needed${description === undefined ? '' : `: ${description}`}`,
    );
  }
  throw new OptionError(
    `${flagOf(key)}${value === true ? '' : ` ${value}`}: ${issue?.message ?? 'is not valid'}`,
  );
}

function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function schemaOf(type: z.core.$ZodType): JsonSchema {
  return z.toJSONSchema(type, {
    io: 'input',
    unrepresentable: 'any',
  }) as JsonSchema;
}

type Kind = 'flag' | 'number' | 'list' | 'text' | 'other';

function kindsOf({ type, anyOf, items }: JsonSchema): ReadonlySet<Kind> {
  if (anyOf !== undefined) {
    return new Set(anyOf.flatMap((one) => [...kindsOf(one)]));
  }
  switch (type) {
    case 'boolean':
      return new Set(['flag']);
    case 'integer':
    case 'number':
      return new Set(['number']);
    case 'array':
      return new Set([items?.type === 'string' ? 'list' : 'other']);
    case 'object':
      return new Set(['other']);
    default:
      return new Set(['text']);
  }
}

/** A value that may be a number or a list is a number where it is written as one. */
function valueOf(text: string | true, schema: JsonSchema): unknown {
  if (text === true) return true;
  const kinds = kindsOf(schema);
  const number = text.trim() === '' ? NaN : Number(text);
  if (kinds.has('number') && !Number.isNaN(number)) return number;
  if (kinds.has('list')) return text.split(',').map((part) => part.trim());
  return text;
}
