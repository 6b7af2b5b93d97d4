import { foldPaths } from '@clip-lung/run';
import type { Task } from '@clip-lung/launcher';

import { type Cell, cellId, cellName } from './cell.js';
import { GridError } from './errors.js';
import { gridPaths, type GridRecord } from './grid-record.js';

/** The command that trains a cell, as a task of a launcher: it may be started again at any time, and goes on. */
export function cellTask(
  folder: string,
  grid: GridRecord,
  cell: Cell,
  { offline }: { readonly offline: boolean },
): Task {
  const run = gridPaths(folder).run(cell.run.hash);
  const { last, metrics, predictions } = foldPaths(run, cell.fold);
  const { engine, device, threads } = grid;
  return {
    id: cellId(cell),
    name: cellName(cell, grid),
    args: [
      'train',
      `${run}/experiment.json`,
      ...['--data', datasetFolder(grid, cell)],
      ...['--out', run],
      ...['--fold', String(cell.fold)],
      '--resume',
      ...['--engine', engine],
      ...(device === null ? [] : ['--device', device]),
      ...(threads === null || engine !== 'onnx'
        ? []
        : ['--threads', String(threads)]),
      ...(offline ? ['--offline'] : []),
      // The grid's own file, which named them, is a program of the user's.
      ...(cell.run.hasPlugins ? ['--allow-plugins'] : []),
    ],
    progress: [last.tensors, metrics, predictions],
  };
}

function datasetFolder(grid: GridRecord, { run }: Cell): string {
  const found = grid.datasets.find(({ name }) => name === run.dataset);
  if (found !== undefined) return found.folder;
  throw new GridError(
    `grid.json: names no dataset "${run.dataset}"; give it with --data ${run.dataset}=<folder>`,
  );
}
