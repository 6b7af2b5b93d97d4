import type { GridRecord, GridRun } from './grid-record.js';

/** Anything that knows how many datasets there are. */
interface OfDatasets {
  readonly datasets: readonly unknown[];
}

/** What is trained at once: one fold of a run. */
export interface Cell {
  readonly run: GridRun;
  readonly fold: number;
}

/** The cells of a grid, each once: runs of one identity are the same run. */
export function cellsOf({ runs }: Pick<GridRecord, 'runs'>): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const run of runs) {
    for (const fold of run.folds) {
      const cell = { run, fold };
      const id = cellId(cell);
      if (!cells.has(id)) cells.set(id, cell);
    }
  }
  return [...cells.values()];
}

/** Names the cell's files, and its job. */
export function cellId({ run, fold }: Cell): string {
  return `${run.hash}-${fold}`;
}

/** What varies, for people: `CLIP-Lung, A, seed 1, fold 0`; with the dataset where there are several. */
export function cellName(cell: Cell, grid: OfDatasets): string {
  return `${runName(cell.run, grid)}, fold ${cell.fold}`;
}

/** `CLIP-Lung, A, seed 1` */
export function runName(
  run: Pick<GridRun, 'dataset' | 'seed' | 'values'>,
  grid: OfDatasets,
): string {
  return `${experimentName(run, grid)}, seed ${run.seed}`;
}

/** `CLIP-Lung, A` */
export function experimentName(
  { values, dataset }: Pick<GridRun, 'dataset' | 'values'>,
  { datasets }: OfDatasets,
): string {
  return [
    ...Object.values(values),
    ...(datasets.length > 1 ? [dataset] : []),
  ].join(', ');
}
