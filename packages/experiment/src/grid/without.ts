import { ExperimentError } from '@clip-lung/model';

/** A module of an experiment, by its name. */
interface Named {
  readonly use: string;
}

/**
 * A change that takes entries out of a list of modules: `losses: without('class-attribute')`.
 *
 * @param uses names of modules
 * @throws `ExperimentError` from the change, for a name that the list does not have
 */
export function without(
  ...uses: readonly string[]
): (list: readonly Named[]) => readonly Named[] {
  return (list) => {
    // The path may be of anything.
    if (!isList(list)) {
      throw new ExperimentError(
        '',
        `without(${quoted(uses)}) takes modules out of a list, such as losses or augment; the value is ${JSON.stringify(list)}`,
      );
    }
    const known = list.map(({ use }) => use);
    const unknown = uses.find((use) => !known.includes(use));
    if (unknown !== undefined) {
      throw new ExperimentError(
        '',
        `there is no "${unknown}" to leave out; the list has ${known.join(', ')}`,
      );
    }
    return list.filter(({ use }) => !uses.includes(use));
  };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}

function isList(value: unknown): value is readonly Named[] {
  return Array.isArray(value);
}
