import type { Cell } from './cell.js';
import { cellsOf } from './cell.js';
import { GridSelectionError } from './errors.js';
import type { GridRecord, GridRun } from './grid-record.js';

/** A part of a grid: of an axis, or of `dataset`, `seed` or `fold`, these values alone. */
export interface Selection {
  readonly axis: string;
  /** names of values, with commas between them; a name may have commas itself */
  readonly values: string;
}

/**
 * The cells that are of every selection; of two selections of one axis, those of either. Cells that several experiments share are of
 * whatever one of them is.
 *
 * @throws {@link GridSelectionError} for an axis or a value that the grid does not have, listing those that it has
 */
export function selectCells(
  grid: GridRecord,
  selections: readonly Selection[],
): readonly Cell[] {
  const wanted = new Map<string, Set<string>>();
  for (const { axis, values } of selections) {
    const known = valuesOf(grid, axis);
    const own = wanted.get(axis) ?? new Set();
    wanted.set(axis, new Set([...own, ...namesIn(values, axis, known)]));
  }
  const isWanted = (run: GridRun): boolean =>
    [...wanted].every(
      ([axis, values]) => axis === 'fold' || values.has(valueOf(run, axis)),
    );
  const folds = wanted.get('fold');
  return cellsOf({ runs: grid.runs.filter(isWanted) }).filter(
    ({ fold }) => folds?.has(String(fold)) ?? true,
  );
}

/** Names in a list: of those that are known, the longest that is there comes first. */
function namesIn(
  list: string,
  axis: string,
  known: ReadonlySet<string>,
): readonly string[] {
  const parts = list.split(',');
  const names: string[] = [];
  for (let start = 0; start < parts.length; ) {
    let end = parts.length;
    const name = (): string => parts.slice(start, end).join(',');
    while (end > start && !known.has(name())) end--;
    if (end === start) {
      throw new GridSelectionError(
        `${axis}: there is no value ${JSON.stringify(parts[start])}; known: ${[...known].map((one) => JSON.stringify(one)).join(', ')}`,
      );
    }
    names.push(name());
    start = end;
  }
  return names;
}

function valueOf({ values, dataset, seed }: GridRun, axis: string): string {
  if (axis === 'dataset') return dataset;
  return axis === 'seed' ? String(seed) : (values[axis] ?? '');
}

function valuesOf(grid: GridRecord, axis: string): ReadonlySet<string> {
  const own = grid.axes.find(({ name }) => name === axis);
  if (own !== undefined) return new Set(own.values);
  switch (axis) {
    case 'dataset':
      return new Set(grid.datasets.map(({ name }) => name));
    case 'seed':
      return new Set(grid.runs.map(({ seed }) => String(seed)));
    case 'fold':
      return new Set(grid.runs.flatMap(({ folds }) => folds.map(String)));
    default:
      throw new GridSelectionError(
        `there is no axis ${JSON.stringify(axis)}; known: ${[...grid.axes.map(({ name }) => name), 'dataset', 'seed', 'fold'].join(', ')}`,
      );
  }
}
