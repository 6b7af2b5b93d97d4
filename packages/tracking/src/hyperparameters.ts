import { posix, win32 } from 'node:path';

/** What one run can differ from another in, as a single value. */
export type Hyperparameters = Readonly<
  Record<string, string | number | boolean>
>;

/**
 * The values of a resolved experiment by their paths, as `--set` has them: `training.epochs`, `losses.0.use`. A list of plain values
 * is one value, as JSON, and nothing is `null`. Of a path in a file system only the last name is left, for where somebody keeps
 * files is nobody else's business.
 */
export function hyperparametersOf(
  experiment: Readonly<Record<string, unknown>>,
): Hyperparameters {
  return Object.fromEntries(valuesOf(experiment, ''));
}

function valuesOf(
  value: unknown,
  path: string,
): readonly (readonly [string, string | number | boolean])[] {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return [[path, value]];
  }
  if (typeof value === 'string') return [[path, withoutFolders(value)]];
  if (value === undefined) return [];
  if (value === null) return [[path, 'null']];
  const children = Object.entries(value);
  const isPlain = children.every(
    ([, child]) => typeof child !== 'object' || child === null,
  );
  if (Array.isArray(value) ? isPlain : children.length === 0) {
    const own = Array.isArray(value) ? value.map(shortened) : value;
    return [[path, JSON.stringify(own)]];
  }
  return children.flatMap(([name, child]) =>
    valuesOf(child, path === '' ? name : `${path}.${name}`),
  );
}

function shortened(value: unknown): unknown {
  return typeof value === 'string' ? withoutFolders(value) : value;
}

/** The last name of a path: of one from a root or a home, or relative to a folder; any other text as it is. */
function withoutFolders(text: string): string {
  const isPath =
    posix.isAbsolute(text) ||
    /^(?:[A-Za-z]:[\\/]|\\\\|~[\\/]|\.{1,2}[\\/]|file:)/.test(text);
  return isPath ? lastName(text) : text;
}

/** The last name of whatever is a path. */
export function lastName(path: string): string {
  return win32.basename(path);
}
