import { readdir } from 'node:fs/promises';

import type { CellState } from './cell-state.js';
import { readCellStates } from './cell-state.js';
import { cellName } from './cell.js';
import { GridError } from './errors.js';
import { hasStarted } from './has-started.js';
import { gridDifference } from './grid-difference.js';
import {
  type GridDataset,
  type GridRecord,
  readEarlierRecord,
} from './grid-record.js';

/** What a folder holds of a grid already. */
export interface Opened {
  /** as it is to be: with the number of threads that its cells began with */
  readonly record: GridRecord;
  /** how the grid has changed since it was last planned, a line each */
  readonly changed: readonly string[];
}

/**
 * Holds a plan to what its folder has already.
 *
 * @throws {@link GridError} for a folder that holds something else, a dataset that has changed, and for a grid that has changed
 *   while cells of it are trained: with the difference
 */
export async function openGrid(
  folder: string,
  planned: GridRecord,
): Promise<Opened> {
  const earlier = await readEarlierRecord(folder, readdir);
  if (earlier === undefined) return { record: planned, changed: [] };
  for (const dataset of planned.datasets) {
    const before = earlier.datasets.find(({ name }) => name === dataset.name);
    if (before !== undefined) expectSameDataset(folder, before, dataset);
  }
  if (await hasStarted(folder)) expectSameEngine(folder, earlier, planned);
  const changed = gridDifference(earlier, planned);
  if (changed.length > 0) {
    expectNobody(await readCellStates(folder, earlier), {
      ...{ folder, earlier, changed },
    });
  }
  return { record: { ...planned, threads: earlier.threads }, changed };
}

/** Another engine or device rounds in another way, as another number of threads does. */
function expectSameEngine(
  folder: string,
  before: GridRecord,
  now: GridRecord,
): void {
  const name = ({ engine, device }: GridRecord): string =>
    device === null ? engine : `${engine} on ${device}`;
  if (name(before) === name(now)) return;
  throw new GridError(
    `${folder}: its cells began with the engine ${name(before)}, and with ${name(now)} the others would differ from them by more than their experiments: by rounding; give ${name(before)} (--engine, --device), or choose another folder`,
  );
}

function expectSameDataset(
  folder: string,
  before: GridDataset,
  now: GridDataset,
): void {
  if (before.manifest === now.manifest) return;
  const differences = (['nodules', 'patients', 'collection', 'folder'] as const)
    .filter((key) => before[key] !== now[key])
    .map((key) => `${key} ${now[key]}, before ${before[key]}`);
  throw new GridError(
    `${folder}: the grid began with another dataset "${now.name}": ${differences.length === 0 ? 'as many nodules and patients, but other labels, ratings, folds or crops' : differences.join('; ')}; give the former dataset, give this one another name (--data name=${now.folder}), or choose another folder`,
  );
}

function expectNobody(
  states: readonly CellState[],
  {
    folder,
    earlier,
    changed,
  }: {
    readonly folder: string;
    readonly earlier: GridRecord;
    readonly changed: readonly string[];
  },
): void {
  const busy = states.filter(({ state }) => state === 'training');
  const [first] = busy;
  if (first === undefined) return;
  throw new GridError(
    [
      `${folder}: the grid has changed while ${busy.length === 1 ? 'a cell of it is' : `${busy.length} cells of it are`} trained (${cellName(first.cell, earlier)}); wait for the end, stop the training, or choose another folder for the changed grid. The difference:`,
      ...changed.map((line) => `  ${line}`),
    ].join('\n'),
  );
}
