import { runName } from './cell.js';
import type { GridRecord, GridRun } from './grid-record.js';

/**
 * What has changed from one plan of a grid to the next, a line each: `+` for a run that is new, `-` for one that is gone, `~` for
 * one of the same name that is another now.
 */
export function gridDifference(
  before: GridRecord,
  now: GridRecord,
): readonly string[] {
  // The dataset is part of a run's name only where there are several.
  const datasets = [...before.datasets, ...now.datasets];
  const isOne = new Set(datasets.map(({ name }) => name)).size === 1;
  const named = (grid: GridRecord): ReadonlyMap<string, GridRun> =>
    new Map(
      grid.runs.map((run) => [
        runName(run, { datasets: isOne ? grid.datasets : datasets }),
        run,
      ]),
    );
  const [was, is] = [named(before), named(now)];
  const lines: string[] = [];
  for (const [name, run] of is) {
    const earlier = was.get(name);
    if (earlier === undefined) lines.push(`+ ${name}`);
    else if (earlier.hash !== run.hash) {
      lines.push(
        `~ ${name}: another experiment than before (runs/${earlier.hash}, now runs/${run.hash})`,
      );
    } else if (earlier.folds.join() !== run.folds.join()) {
      lines.push(
        `~ ${name}: folds ${run.folds.join(', ')}, before ${earlier.folds.join(', ')}`,
      );
    }
  }
  for (const name of was.keys()) if (!is.has(name)) lines.push(`- ${name}`);
  return lines;
}
