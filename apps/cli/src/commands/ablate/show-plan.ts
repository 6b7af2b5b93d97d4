import {
  cellTask,
  type CellState,
  describeCounts,
  type Estimate,
  estimateGrid,
  type OpenedGrid,
  submitCells,
} from '@clip-lung/ablation';
import type { SlurmProfile } from '@clip-lung/launcher';
import { shellWord } from '@clip-lung/tensor';

import { duration } from '../../screen.js';
import type { Ablating } from './options.js';
import { program } from '../../program.js';

/** Shows what a launch would do: the cells, the time that they take here, and their commands, or what Slurm would be given. */
export async function showPlan(
  { plan, states }: OpenedGrid,
  {
    folder,
    options,
    screen,
    signal,
    cells,
    profile,
  }: Ablating & {
    readonly cells: readonly CellState[];
    readonly profile: SlurmProfile | undefined;
  },
): Promise<void> {
  const { offline = false } = options;
  const estimates = await estimateGrid(
    plan,
    cells.map(({ cell }) => cell),
    {
      signal,
      onProgress: (done, total) => {
        screen.progress({ stage: 'timing experiment', done, total });
      },
    },
  );
  const commands = cells.map(({ cell }) =>
    ['clip-lung', ...cellTask(folder, plan.record, cell, { offline }).args]
      .map(shellWord)
      .join(' '),
  );
  const lines = [
    describeCounts(states),
    ...timeLines(estimates, options.processes ?? 1),
    ...commands,
  ];
  const shown = { grid: folder, states, estimates, commands };
  if (profile === undefined || cells.length === 0) {
    screen.result(lines, shown);
    return;
  }
  const slurm = await submitCells(folder, plan.record, cells, {
    ...{ program, profile, offline, dryRun: true },
    onNote: (message) => {
      screen.note(`note: ${message}`);
    },
  });
  const { script, commands: sbatch } = slurm;
  screen.result([...lines, '', ...script.split('\n'), ...sbatch], {
    ...shown,
    slurm: { script, commands: sbatch },
  });
}

function timeLines(
  estimates: readonly Estimate[],
  processes: number,
): readonly string[] {
  if (estimates.length === 0) return ['nothing is left to train'];
  const total = estimates.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    ...estimates.map(
      ({ name, cells, secondsPerStep, seconds }) =>
        `  ${name}: ${cells} ${cells === 1 ? 'cell' : 'cells'}, ${(1000 * secondsPerStep).toFixed(0)} ms a step, ${duration(1000 * seconds)}`,
    ),
    `about ${duration(1000 * total)} of training on this machine, one cell at a time with all processors${processes === 1 ? '' : `; ${processes} at a time share them`}. Starting, validating and testing are not in it`,
  ];
}
