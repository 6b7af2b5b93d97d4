import { setImmediate } from 'node:timers/promises';

import {
  builtInMetrics,
  type IdentifiedCases,
  meanDeviation,
  measure,
  type Metric,
  MetricsInputError,
  type PairedDifference,
  pairedDifference,
} from '@clip-lung/metrics';
import type { ClassifiedBy, RunRecord } from '@clip-lung/run';

import { cellName, runName } from '../cell.js';
import {
  type GridDataset,
  type GridRecord,
  type GridRun,
} from '../grid-record.js';
import { type PooledRun, poolRun } from './pooled-runs.js';

/** A figure over the seeds of an experiment. */
export interface SeedFigure {
  readonly metric: Metric;
  /** mean over seeds; null where the figure is undefined, or no seed is complete */
  readonly mean: number | null;
  /** over seeds, sample standard deviation; null for fewer than two */
  readonly deviation: number | null;
  /** to what the row is compared with; null for that itself, and where there are no pairs */
  readonly difference: PairedDifference | null;
}

/** An experiment of a grid, over its seeds. */
export interface TableRow {
  /** names of the axes' values, but for the sub-dataset */
  readonly values: Readonly<Record<string, string>>;
  /** whether the others are compared with it */
  readonly isBase: boolean;
  /** that have all of their folds */
  readonly seeds: readonly number[];
  /** that the grid has */
  readonly ofSeeds: number;
  readonly figures: readonly SeedFigure[];
  /** why it is not compared with the base */
  readonly note: string | null;
}

/** The experiments on the same nodules. */
export interface TableSection {
  readonly dataset: GridDataset;
  /** null for a grid that does not vary it */
  readonly subset: string | null;
  /** tested by a complete run; 0 where none is */
  readonly nodules: number;
  readonly patients: number;
  readonly rows: readonly TableRow[];
}

/** What a grid has come to. */
export interface GridTable {
  readonly by: ClassifiedBy;
  readonly axes: readonly string[];
  readonly metrics: readonly Metric[];
  /** the records of runs, for what they say of data and text */
  readonly records: readonly RunRecord[];
  readonly sections: readonly TableSection[];
  /** names of the cells without predictions */
  readonly missing: readonly string[];
  /** runs that are left out because their files cannot be read, and why */
  readonly damaged: readonly {
    readonly run: string;
    readonly problem: string;
  }[];
}

export interface TableOptions {
  /** which predictions; default the head's */
  readonly by?: ClassifiedBy;
  /** default those that are compared where runs stand side by side */
  readonly metrics?: readonly Metric[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

const compared: readonly Metric[] = builtInMetrics.filter(
  (metric: Metric) => metric.isCompared === true,
);

/** The axis whose values are other nodules. */
const subsetAxis = 'data.subset';

/**
 * Computes the table of a grid from its runs' predictions: of every experiment the mean and deviation over seeds, each over the
 * pooled test nodules of its folds, and by how much it differs from the base, in pairs: over the same seeds and nodules.
 */
export async function gridTable(
  folder: string,
  grid: GridRecord,
  { by = 'head', metrics = compared, signal, onProgress }: TableOptions = {},
): Promise<GridTable> {
  const pooled: PooledRun[] = [];
  const known = new Map<string, PooledRun>();
  for (const [done, run] of grid.runs.entries()) {
    onProgress?.(done, grid.runs.length);
    const found =
      known.get(run.hash) ?? (await poolRun(folder, run, { by, signal }));
    known.set(run.hash, found);
    pooled.push({ ...found, run });
  }
  onProgress?.(grid.runs.length, grid.runs.length);
  const pause = (): Promise<void> => setImmediate(undefined, { signal });
  const sections: TableSection[] = [];
  for (const { dataset, subset, runs } of sectionsOf(grid, pooled)) {
    const rows: TableRow[] = [];
    const all = rowsOf(runs);
    const base = all.find(([first]) => isBase(grid, first?.run));
    for (const row of all) {
      rows.push(await tableRow(row, base, { metrics, pause }));
    }
    const tested = runs.find((run) => run.tested !== null)?.tested;
    sections.push({
      ...{ dataset, subset, rows },
      nodules: tested?.nodules.length ?? 0,
      patients: new Set(tested?.patients).size,
    });
  }
  return {
    ...{ by, metrics, sections },
    axes: grid.axes
      .map(({ name }) => name)
      .filter((name) => name !== subsetAxis),
    records: pooled.flatMap(({ record }) => record ?? []),
    missing: missingCells(grid, pooled),
    damaged: [...known.values()].flatMap(({ run, damage }) =>
      damage === null ? [] : [{ run: runName(run, grid), problem: damage }],
    ),
  };
}

function sectionsOf(
  grid: GridRecord,
  pooled: readonly PooledRun[],
): readonly {
  readonly dataset: GridDataset;
  readonly subset: string | null;
  readonly runs: readonly PooledRun[];
}[] {
  const subsets = grid.axes.find(({ name }) => name === subsetAxis)?.values ?? [
    null,
  ];
  return grid.datasets.flatMap((dataset) =>
    subsets
      .map((subset) => ({
        ...{ dataset, subset },
        runs: pooled.filter(
          ({ run }) =>
            run.dataset === dataset.name &&
            (subset === null || run.values[subsetAxis] === subset),
        ),
      }))
      .filter(({ runs }) => runs.length > 0),
  );
}

/** The runs of each experiment, one a seed. */
function rowsOf(runs: readonly PooledRun[]): readonly (readonly PooledRun[])[] {
  const rows = new Map<string, PooledRun[]>();
  for (const one of runs) {
    const key = JSON.stringify(one.run.values);
    const row = rows.get(key);
    if (row === undefined) rows.set(key, [one]);
    else row.push(one);
  }
  return [...rows.values()];
}

/** Whether a run has the values that the others are compared with: what the grid says, else each axis's first. */
function isBase(
  { axes, compareWith }: GridRecord,
  run: GridRun | undefined,
): boolean {
  return axes.every(
    ({ name, values }) =>
      name === subsetAxis ||
      run?.values[name] === (compareWith[name] ?? values[0]),
  );
}

async function tableRow(
  row: readonly PooledRun[],
  base: readonly PooledRun[] | undefined,
  {
    metrics,
    pause,
  }: {
    readonly metrics: readonly Metric[];
    readonly pause: () => Promise<void>;
  },
): Promise<TableRow> {
  const { [subsetAxis]: _subset, ...values } = row[0]?.run.values ?? {};
  const complete = bySeed(row);
  const pairs =
    base === undefined || base === row ? [] : pairsOf(bySeed(base), complete);
  const figures: SeedFigure[] = [];
  let note: string | null = null;
  for (const metric of metrics) {
    await pause();
    const found = [...complete.values()].map(
      ({ cases }) => measure(metric, cases).value,
    );
    let difference: PairedDifference | null = null;
    try {
      if (pairs.length > 0) {
        difference = await pairedDifference({
          ...{ metric, pause },
          a: pairs.map(([before]) => before),
          b: pairs.map(([, now]) => now),
        });
      }
    } catch (error) {
      if (!(error instanceof MetricsInputError)) throw error;
      note = error.message;
    }
    figures.push({ metric, ...overSeeds(found), difference });
  }
  return {
    ...{ values, figures, note },
    isBase: base === row,
    seeds: [...complete.keys()],
    ofSeeds: row.length,
  };
}

function overSeeds(
  found: readonly (number | null)[],
): Pick<SeedFigure, 'deviation' | 'mean'> {
  const defined = found.filter((value) => value !== null);
  const [only] = defined;
  // A mean of some seeds only would be of others than it says.
  if (only === undefined || defined.length < found.length) {
    return { mean: null, deviation: null };
  }
  if (defined.length === 1) return { mean: only, deviation: null };
  return meanDeviation(defined);
}

function bySeed(
  row: readonly PooledRun[],
): ReadonlyMap<number, IdentifiedCases> {
  return new Map(
    row.flatMap(({ run, tested }) =>
      tested === null ? [] : [[run.seed, tested] as const],
    ),
  );
}

function pairsOf(
  base: ReadonlyMap<number, IdentifiedCases>,
  row: ReadonlyMap<number, IdentifiedCases>,
): readonly (readonly [IdentifiedCases, IdentifiedCases])[] {
  return [...row].flatMap(([seed, now]) => {
    const before = base.get(seed);
    return before === undefined ? [] : [[before, now] as const];
  });
}

function missingCells(
  grid: GridRecord,
  pooled: readonly PooledRun[],
): readonly string[] {
  const names = new Map<string, string>();
  for (const { run, missing } of pooled) {
    for (const fold of run.folds) {
      const id = `${run.hash}-${fold}`;
      if (missing.includes(id) && !names.has(id)) {
        names.set(id, cellName({ run, fold }, grid));
      }
    }
  }
  return [...names.values()];
}
