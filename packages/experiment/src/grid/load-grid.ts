import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { resolveExperiment } from '@clip-lung/model';
import { ClipLungError } from '@clip-lung/tensor';

import { GridFileError } from '../errors.js';
import {
  asExperiment,
  type Fields,
  readExperimentFile,
  type WrittenExperiment,
} from '../experiment-file.js';
import { importFile } from '../import-file.js';
import {
  type ExperimentToTrain,
  experimentToTrain,
} from '../load-experiment.js';
import { applyOverrides, valueAt, withValueAt } from '../overrides.js';
import type { PluginPolicy } from '../plugin-permission.js';
import { valueNames } from './axis-values.js';
import { checkGrid, type CheckedGrid } from './check-grid.js';
import type { FieldChange } from './define-grid.js';
import { expectEffect } from './expect-effect.js';
import { type Combination, describeValues, expandGrid } from './expand-grid.js';

/** One experiment of a grid, for all seeds. */
export interface GridExperiment extends ExperimentToTrain {
  /** names of the values, by axis, in the order of the axes */
  readonly values: Readonly<Record<string, string>>;
}

/** A grid whose experiments are resolved. */
export interface LoadedGrid {
  readonly axes: readonly {
    readonly name: string;
    /** names of its values */
    readonly values: readonly string[];
  }[];
  readonly seeds: readonly number[];
  /** undefined for all that an experiment has */
  readonly folds: readonly number[] | undefined;
  /** absolute folders by name */
  readonly datasets: Readonly<Record<string, string>>;
  /** names of values, by axis */
  readonly compareWith: Readonly<Record<string, string>>;
  readonly experiments: readonly GridExperiment[];
}

/**
 * Loads a grid: a TypeScript or JavaScript file whose default export is `defineGrid({ … })`. It is a program, and so are the
 * experiments that it names, as much the user's as itself.
 *
 * @param overrides `path=value`, for every experiment, before the axes
 * @throws {@link GridFileError} for a file that is not a grid, and for an experiment of it that cannot be: with the axes' values
 */
export async function loadGrid(
  file: string,
  {
    overrides = [],
    policy,
  }: {
    readonly overrides?: readonly string[];
    readonly policy: PluginPolicy;
  },
): Promise<LoadedGrid> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new GridFileError(
      `${file}: there is no such file; give a grid, such as experiments/tables/methods.ts`,
    );
  }
  const grid = checkGrid(await importGrid(path, file), file);
  expectEffect(grid, overrides);
  const experiments: GridExperiment[] = [];
  for (const combination of expandGrid(grid, file)) {
    const { values } = combination;
    const loaded = await inCombination(file, values, () =>
      experimentOf(grid, combination, { file, overrides, policy }),
    );
    experiments.push({ ...loaded, values });
  }
  const [first] = experiments;
  const seeds = grid.seeds ?? [first?.experiment.training.seed ?? 1];
  return {
    axes: Object.entries(grid.axes).map(([name, axis]) => ({
      name,
      values: valueNames(axis),
    })),
    seeds,
    folds: grid.folds,
    datasets: Object.fromEntries(
      Object.entries(grid.datasets ?? {}).map(([name, folder]) => [
        name,
        resolve(dirname(path), folder),
      ]),
    ),
    compareWith: grid.compareWith,
    experiments,
  };
}

async function importGrid(path: string, file: string): Promise<unknown> {
  if (path.endsWith('.json')) {
    throw new GridFileError(
      `${file}: is JSON; expected a TypeScript or JavaScript file: export default defineGrid({ … })`,
    );
  }
  try {
    return await importFile(path);
  } catch (error) {
    throw new GridFileError(
      `${file}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

interface Loading {
  readonly file: string;
  readonly overrides: readonly string[];
  readonly policy: PluginPolicy;
}

async function experimentOf(
  grid: CheckedGrid,
  { file: own, changes }: Combination,
  { file, overrides, policy }: Loading,
): Promise<ExperimentToTrain> {
  const written = await writtenIn(own ?? grid.base, file);
  const load = (fields: Fields): Promise<ExperimentToTrain> =>
    experimentToTrain({ ...written, fields }, { plugins: 'kept', policy });
  let fields: unknown = applyOverrides(written.fields, overrides);
  const functions: { path: string; place: string; change: FieldChange }[] = [];
  for (const { place, changes: ofAxis } of changes) {
    for (const [path, change] of Object.entries(ofAxis)) {
      if (typeof change === 'function') {
        functions.push({ path, place, change });
      } else fields = changedAt(fields, path, change);
    }
  }
  // What a change is given has all defaults filled in, and whatever other axes say.
  for (const { path, change } of functions) {
    const { experiment } = await load(asExperiment(fields, written.file));
    const before = valueAt(experiment, path);
    const changed = changedBy(change, before, path);
    fields = changedAt(fields, path, changed);
  }
  return load(asExperiment(fields, written.file));
}

/** @throws {@link GridFileError} for another seed, which those of the grid would take the place of */
function changedAt(fields: unknown, path: string, value: unknown): unknown {
  const changed = withValueAt(fields, path, value, { place: path });
  const seed = valueAt(changed, 'training.seed');
  if (seed === undefined || seed === valueAt(fields, 'training.seed')) {
    return changed;
  }
  throw new GridFileError(
    `${path}: gives an experiment a seed of its own, ${JSON.stringify(seed)}; all experiments of a grid have the same, so give them as seeds: [${JSON.stringify(seed)}]`,
  );
}

function changedBy(change: FieldChange, value: unknown, path: string): unknown {
  let changed: unknown;
  try {
    changed = (change as (value: unknown) => unknown)(value);
  } catch (error) {
    throw new GridFileError(
      `${path}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (changed !== undefined) return changed;
  throw new GridFileError(
    `${path}: the change gives nothing; expected it to return the new value`,
  );
}

async function writtenIn(
  base: CheckedGrid['base'],
  file: string,
): Promise<WrittenExperiment> {
  const folder = dirname(resolve(file));
  if (typeof base === 'string') {
    const written = await readExperimentFile(resolve(folder, base));
    if (!('axes' in written.fields)) return written;
    throw new GridFileError(
      `${written.file}: is a grid itself; expected an experiment`,
    );
  }
  return { file, folder, fields: asExperiment(base, file), theirs: [] };
}

/** An experiment of a grid with another seed. @throws `ExperimentError` for a seed that cannot be */
export function withSeed(
  { experiment, modules, ...others }: GridExperiment,
  seed: number,
): GridExperiment {
  const training = { ...experiment.training, seed };
  return {
    ...others,
    modules,
    experiment: resolveExperiment({ ...experiment, training }, modules),
  };
}

async function inCombination<T>(
  file: string,
  values: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Whether code may run is not the grid's fault.
    const isOfGrid =
      error instanceof ClipLungError &&
      ['experiment', 'experiment-file', 'grid-file'].includes(error.code);
    if (!isOfGrid) throw error;
    throw new GridFileError(
      `${file}: ${describeValues(values)}: ${error.message}`,
      { cause: error },
    );
  }
}
