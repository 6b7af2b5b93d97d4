import { ExperimentFileError } from './errors.js';

/**
 * Applies `--set training.epochs=3` to an experiment. Values are JSON where they can be (`3`, `true`, `null`,
 * `[1, 2]`), else text. A path goes through objects by name and through lists by index; what is missing is made.
 *
 * @throws {@link ExperimentFileError} for a text without `=`, and for a path through something that is no object
 */
export function applyOverrides(
  experiment: unknown,
  overrides: readonly string[],
): unknown {
  return overrides.reduce<unknown>((changed, override) => {
    const at = override.indexOf('=');
    if (at < 1) {
      throw new ExperimentFileError(
        `--set ${override}: expected path=value, such as training.epochs=3`,
      );
    }
    const names = override
      .slice(0, at)
      .split(/[.[\]]+/)
      .filter((name) => name !== '');
    return withValue(changed, names, valueOf(override.slice(at + 1)), override);
  }, experiment);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function withValue(
  node: unknown,
  [name, ...rest]: readonly string[],
  value: unknown,
  override: string,
): unknown {
  if (name === undefined) return value;
  if (Array.isArray(node)) {
    const items: readonly unknown[] = node;
    const index = Number(name);
    if (!Number.isInteger(index) || index < 0 || index >= items.length) {
      throw new ExperimentFileError(
        `--set ${override}: "${name}" is not an index into a list of ${items.length}`,
      );
    }
    return items.map((item, i) =>
      i === index ? withValue(item, rest, value, override) : item,
    );
  }
  if (node !== undefined && (typeof node !== 'object' || node === null)) {
    throw new ExperimentFileError(
      `--set ${override}: "${name}" would be inside ${JSON.stringify(node)}, which is not an object`,
    );
  }
  const object = node as Readonly<Record<string, unknown>> | undefined;
  return {
    ...object,
    [name]: withValue(object?.[name], rest, value, override),
  };
}
