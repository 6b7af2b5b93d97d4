import { at, ClipLungError, OptionShapeError } from '@clip-lung/tensor';
import type { z } from 'zod';

/** An experiment that cannot be run. The message names the field by its path: `losses[2].weight`. */
export class ExperimentError extends ClipLungError {
  readonly code = 'experiment';

  constructor(
    /** where in the experiment, `training.epochs`; empty for the experiment as a whole */
    readonly path: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(path === '' ? problem : `${path}: ${problem}`, options);
  }
}

/**
 * What a module threw, as an error that names the field: the option that is wrong, where the module says which, else the
 * module.
 *
 * @param path of the module, `image`
 * @param options those that the experiment gives it
 */
export function moduleError(
  thrown: unknown,
  path: string,
  options: Readonly<Record<string, unknown>> = {},
): ExperimentError {
  if (thrown instanceof ExperimentError) return thrown;
  if (
    thrown instanceof OptionShapeError &&
    Object.hasOwn(options, thrown.option)
  ) {
    const field = `${path}.${thrown.option}`;
    return new ExperimentError(field, thrown.problem, { cause: thrown });
  }
  const problem = thrown instanceof Error ? thrown.message : String(thrown);
  return new ExperimentError(path, problem, { cause: thrown });
}

/**
 * zod's first issue as an error that names the field.
 *
 * @param schema what was checked, which knows the fields that there are
 */
export function issueError(
  error: z.ZodError,
  {
    path = '',
    schema,
    owner,
    elsewhere = {},
  }: {
    readonly path?: string;
    readonly schema?: unknown;
    /** whose fields they are, `"random"`; default the experiment's own */
    readonly owner?: string;
    /** the paths of fields that the experiment says in another place than the rest */
    readonly elsewhere?: Readonly<Record<string, string>>;
  } = {},
): ExperimentError {
  const issue = at(error.issues, 0, 'issues');
  const keys = issue.path;
  const whole = (start: string, rest: readonly PropertyKey[]): string =>
    rest.reduce<string>(
      (text, key) =>
        typeof key === 'number'
          ? `${text}[${key}]`
          : text === ''
            ? String(key)
            : `${text}.${String(key)}`,
      start,
    );
  const [first] = issue.code === 'unrecognized_keys' ? issue.keys : keys;
  const other = first === undefined ? undefined : elsewhere[String(first)];
  const field =
    other === undefined ? whole(path, keys) : whole(other, keys.slice(1));
  const known =
    issue.code === 'unrecognized_keys' ? fieldsOf(schema, keys) : [];
  const listed =
    known.length === 0
      ? ''
      : `; known${owner === undefined ? '' : ` to ${owner}`}: ${known.join(', ')}`;
  return new ExperimentError(field, `${issue.message}${listed}`, {
    cause: error,
  });
}

/** The names of an object's fields, as its schema has them; none where the schema does not say. */
function fieldsOf(
  schema: unknown,
  [key, ...rest]: readonly PropertyKey[],
): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  // A default or an optional field is wrapped in one schema more. Plugins may have a zod of their own, so no instanceof.
  if ('unwrap' in schema && typeof schema.unwrap === 'function') {
    const inner = (schema as { unwrap: () => unknown }).unwrap();
    return fieldsOf(inner, key === undefined ? [] : [key, ...rest]);
  }
  if (!('shape' in schema)) return [];
  const shape = schema.shape as Readonly<Record<PropertyKey, unknown>>;
  return key === undefined
    ? Object.keys(shape).sort()
    : fieldsOf(shape[key], rest);
}
