import { join } from 'node:path';

import type { Dataset } from '@clip-lung/data';
import { readDataset } from '@clip-lung/data/node';
import type { Engine } from '@clip-lung/engine';
import {
  type GridExperiment,
  type LoadedGrid,
  withSeed,
} from '@clip-lung/experiment';
import { runFormatVersion, runIdentity } from '@clip-lung/run';
import { ClipLungError } from '@clip-lung/tensor';
import { fileDigest } from '@clip-lung/tensor/node';
import type { TextTower } from '@clip-lung/text-encoder';
import {
  fittingRun,
  needsMargin,
  type NewRecord,
  type RunOptions,
} from '@clip-lung/trainer';

import { runName } from './cell.js';
import { GridError } from './errors.js';
import type { GridDataset, GridRecord, GridRun } from './grid-record.js';

export interface PlanOptions {
  readonly grid: LoadedGrid;
  /** the grid's file, as it was given */
  readonly file: string;
  /** absolute folders by name */
  readonly datasets: Readonly<Record<string, string>>;
  readonly engine: Engine;
  /** null for the engine's own choice */
  readonly device: string | null;
  readonly loadTower: (experiment: GridExperiment) => Promise<TextTower | null>;
  /** versions to put on record, by name */
  readonly software: Readonly<Record<string, string>>;
  readonly onNote: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A run of a grid, and all that beginning it takes. */
export interface PlannedRun extends GridRun {
  /** what it would be recorded as */
  readonly record: NewRecord;
  readonly options: RunOptions;
  readonly keep: GridExperiment['keep'];
}

/** A grid whose runs are known. Nothing is written, and nothing traced. */
export interface GridPlan {
  readonly record: GridRecord;
  /** in the order of the record's */
  readonly runs: readonly PlannedRun[];
}

/**
 * Holds every experiment of a grid to every dataset, for every seed, and gives each run its identity.
 *
 * @throws {@link GridError} for an experiment that does not fit a dataset, with what it is called
 */
export async function planGrid(options: PlanOptions): Promise<GridPlan> {
  const { grid, file, engine, device, onNote, signal } = options;
  const names = Object.keys(options.datasets);
  const towers = new Map<string, TextTower | null>();
  const towerOf = async (one: GridExperiment): Promise<TextTower | null> => {
    const key = JSON.stringify([one.experiment.text, one.experiment.plugins]);
    const tower = towers.get(key) ?? (await options.loadTower(one));
    towers.set(key, tower);
    return tower;
  };
  const runs: PlannedRun[] = [];
  const datasets: GridDataset[] = [];
  for (const [name, folder] of Object.entries(options.datasets)) {
    const read = reader(folder, onNote);
    datasets.push(await describe(name, await read(false)));
    for (const experiment of grid.experiments) {
      signal?.throwIfAborted();
      const tower = await towerOf(experiment);
      const dataset = await read(
        needsMargin(experiment.experiment, experiment.modules),
      );
      for (const seed of grid.seeds) {
        const { values, keep, ...one } = withSeed(experiment, seed);
        const called = { values, dataset: name, seed };
        const given = {
          ...{ ...one, dataset, engine, tower },
          ...{ folds: grid.folds, software: options.software },
        };
        const { record, folds } = fitting(given, () =>
          runName(called, { datasets: names }),
        );
        runs.push({
          ...{ ...called, folds, record, keep },
          options: given,
          hash: runIdentity(record).slice(0, 16),
          hasPlugins: one.experiment.plugins.length > 0,
        });
      }
    }
  }
  expectNamesApart(
    runs.map((run) => runName(run, { datasets: names })),
    file,
  );
  return {
    runs,
    record: {
      formatVersion: runFormatVersion,
      ...{ file, datasets, device },
      axes: grid.axes,
      compareWith: grid.compareWith,
      engine: engine.name,
      threads: null,
      runs: runs.map(({ hash, values, dataset, seed, folds, hasPlugins }) => ({
        ...{ hash, values, dataset, seed, folds, hasPlugins },
      })),
    },
  };
}

/** Runs of one identity, a line each: they are trained once. */
export function sameRuns({ runs, datasets }: GridRecord): readonly string[] {
  const named = new Map<string, string[]>();
  for (const run of runs) {
    const names = named.get(run.hash) ?? [];
    named.set(run.hash, [...names, runName(run, { datasets })]);
  }
  return [...named.values()]
    .filter((names) => names.length > 1)
    .map(
      (names) =>
        `${names.map((name) => JSON.stringify(name)).join(' and ')} are the same experiment, which is trained once`,
    );
}

/** `x, y` and `z` are called as `x` and `y, z` are. @throws {@link GridError} */
function expectNamesApart(names: readonly string[], file: string): void {
  const known = new Set<string>();
  for (const name of names) {
    if (known.has(name)) {
      throw new GridError(
        `${file}: two experiments are called ${JSON.stringify(name)}, and could not be told apart; name a value of the axes otherwise`,
      );
    }
    known.add(name);
  }
}

function fitting(
  options: RunOptions,
  name: () => string,
): ReturnType<typeof fittingRun> {
  try {
    return fittingRun(options);
  } catch (error) {
    if (!(error instanceof ClipLungError)) throw error;
    throw new GridError(`${name()}: ${error.message}`, { cause: error });
  }
}

/** Reads a dataset once with, and once without, the margin of its crops, where that is asked for. */
function reader(
  folder: string,
  onNote: (message: string) => void,
): (margin: boolean) => Promise<Dataset> {
  const found = new Map<boolean, Dataset>();
  return async (margin) => {
    const dataset =
      found.get(margin) ?? (await readDataset(folder, { margin, onNote }));
    found.set(margin, dataset);
    return dataset;
  };
}

async function describe(
  name: string,
  { folder, nodules, manifest }: Dataset,
): Promise<GridDataset> {
  return {
    ...{ name, folder, collection: manifest.collection },
    manifest: await fileDigest([join(folder, 'manifest.json')]),
    nodules: nodules.length,
    patients: new Set(nodules.map(({ patient }) => patient)).size,
  };
}
