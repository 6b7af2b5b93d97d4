import {
  type CellState,
  type GridRecord,
  submitCells,
} from '@clip-lung/ablation';
import type { SlurmProfile } from '@clip-lung/launcher';

import { shellWord } from '@clip-lung/tensor';

import type { Ablating } from './options.js';
import { program } from '../../program.js';

/** Submits cells to Slurm, and says what to look at later. */
export async function submitToCluster(
  grid: GridRecord,
  cells: readonly CellState[],
  {
    folder,
    options,
    screen,
    profile,
  }: Ablating & { readonly profile: SlurmProfile },
): Promise<void> {
  if (cells.length === 0) {
    screen.result(['nothing is left to submit'], { grid: folder, cells: 0 });
    return;
  }
  const submitted = await submitCells(folder, grid, cells, {
    ...{ program, profile, dryRun: false },
    offline: options.offline ?? false,
    onNote: (message) => {
      screen.note(`note: ${message}`);
    },
  });
  screen.result(
    [
      ...submitted.commands,
      `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} submitted; on record in ${submitted.folder}`,
      `how far they are: clip-lung ablate status ${shellWord(folder)}`,
    ],
    {
      ...{ grid: folder, cells: cells.length },
      submission: submitted.submission,
    },
  );
}
