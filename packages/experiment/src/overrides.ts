import { ExperimentFileError } from './errors.js';

/**
 * Applies `--set training.epochs=3` to an experiment. Values are JSON where they can be (`3`, `true`, `null`,
 * `[1, 2]`), else text; paths are those of {@link withValueAt}.
 *
 * @throws {@link ExperimentFileError} for a text without `=`, and for a path through something that is not an object
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
    const value = valueOf(override.slice(at + 1));
    return withValueAt(changed, override.slice(0, at), value, {
      place: `--set ${override}`,
    });
  }, experiment);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/**
 * An experiment with another value at a path, `losses[1].weight`. A path goes through objects by name and through lists by
 * index; what is missing is made.
 *
 * @param place what asks for it, for errors
 * @throws {@link ExperimentFileError} for a path through something that is not an object
 */
export function withValueAt(
  experiment: unknown,
  path: string,
  value: unknown,
  { place }: { readonly place: string },
): unknown {
  const names = namesIn(path);
  if (names.length === 0) {
    throw new ExperimentFileError(
      `${place}: "${path}" names no field; expected a path, such as training.epochs`,
    );
  }
  return withValue(experiment, names, value, place);
}

/** What an experiment has at a path; undefined where there is nothing. */
export function valueAt(experiment: unknown, path: string): unknown {
  return namesIn(path).reduce<unknown>(
    (node, name) =>
      typeof node === 'object' && node !== null && Object.hasOwn(node, name)
        ? (node as Readonly<Record<string, unknown>>)[name]
        : undefined,
    experiment,
  );
}

function namesIn(path: string): readonly string[] {
  return path.split(/[.[\]]+/).filter((name) => name !== '');
}

function withValue(
  node: unknown,
  [name, ...rest]: readonly string[],
  value: unknown,
  place: string,
): unknown {
  if (name === undefined) return value;
  if (Array.isArray(node)) {
    const items: readonly unknown[] = node;
    const index = Number(name);
    if (!Number.isInteger(index) || index < 0 || index >= items.length) {
      throw new ExperimentFileError(
        `${place}: "${name}" is not an index into a list of ${items.length}`,
      );
    }
    return items.map((item, i) =>
      i === index ? withValue(item, rest, value, place) : item,
    );
  }
  if (node !== undefined && (typeof node !== 'object' || node === null)) {
    throw new ExperimentFileError(
      `${place}: "${name}" would be inside ${JSON.stringify(node)}, which is not an object`,
    );
  }
  if (node === undefined && /^\d+$/.test(name)) {
    throw new ExperimentFileError(
      `${place}: the experiment does not write this list itself, so it has no entry ${name} to change; give the whole list`,
    );
  }
  const object = node as Readonly<Record<string, unknown>> | undefined;
  return {
    ...object,
    [name]: withValue(object?.[name], rest, value, place),
  };
}
