import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import {
  beginRuns,
  type Cell,
  cellId,
  type CellState,
  cellsToStart,
  type GridRecord,
  openPlan,
  planGrid,
  queuedCells,
  sameRuns,
  selectCells,
  type Selection,
  threadsEach,
} from '@clip-lung/ablation';
import { loadGrid } from '@clip-lung/experiment';
import { loadTower } from '@clip-lung/inference/node';
import type { SlurmProfile } from '@clip-lung/launcher';
import { InvalidArgumentError, Option } from 'commander';

import { type AddCommand, screenOf } from '../../command.js';
import { UsageError } from '../../exit-codes.js';
import { deviceNames, engineNames, makeEngine } from '../../make-engine.js';
import { policyOf, withPluginOptions } from '../../plugin-options.js';
import { profileOf, withSlurmOptions } from '../../slurm-options.js';
import { software } from '../../software.js';
import { wholeNumber } from '../../whole-number.js';
import { addGridReport } from './grid-report.js';
import { addGridStatus } from './grid-status.js';
import { namedFolders } from './named-folders.js';
import type { AblateOptions, Ablating } from './options.js';
import { showPlan } from './show-plan.js';
import { submitToCluster } from './submit-cells.js';
import { trainHere } from './train-here.js';

const collect = (
  text: string,
  earlier: readonly string[],
): readonly string[] => [...earlier, text];

function select(
  text: string,
  earlier: readonly Selection[],
): readonly Selection[] {
  const [, axis, values] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (axis === undefined || values === undefined) {
    throw new InvalidArgumentError(
      'Expected an axis and values of it, such as method=CoOp,CoCoOp.',
    );
  }
  return [...earlier, { axis, values }];
}

export const addAblate: AddCommand = (program, surroundings) => {
  const command = program
    .command('ablate')
    .enablePositionalOptions()
    .description(
      'train a grid of experiments, and compare them in pairs; started again, it goes on',
    )
    .argument('<grid>', 'a .ts or .js file that exports defineGrid({ … })')
    .option(
      '--data <[name=]dataset>',
      "a dataset folder, made by prepare (may be given several times; default: the grid's datasets)",
      collect,
      [],
    )
    .option('--out <folder>', "the grid's folder to write, or to go on with")
    .option(
      '--set <path=value>',
      'change every experiment of the grid: training.epochs=3 (may be given several times)',
      collect,
      [],
    )
    .option(
      '--processes <n>',
      'with --launcher local, cells that are trained at a time (default: 1)',
      wholeNumber(1),
    )
    .option(
      '--threads <n>',
      "threads of each cell, which must stay the same (default: the processors, divided by the processes; the profile's cpus)",
      wholeNumber(1),
    )
    .option(
      '--dry-run',
      'write nothing; print the plan, the commands, and an estimate from a few timed steps',
    )
    .option(
      '--only <axis=value,…>',
      'start only cells of these values; axes, and dataset, seed and fold (may be given several times)',
      select,
      [],
    )
    .addOption(
      new Option('--retry <which>', 'start failed cells again, too').choices([
        'failed',
      ]),
    )
    .option('--fail-fast', 'stop when a cell fails')
    .addOption(
      new Option('--engine <name>', 'what computes')
        .choices(engineNames)
        .default('onnx'),
    )
    .addOption(
      new Option('--device <name>', 'the device to compute on').choices(
        deviceNames,
      ),
    )
    .option('--offline', 'download nothing')
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: AblateOptions) => {
      const screen = screenOf(surroundings, options);
      const { out } = options;
      if (out === undefined) {
        throw new UsageError(
          "--out is missing; give the grid's folder to write, or to go on with",
        );
      }
      const { signal } = surroundings;
      const ablating = { options, folder: resolve(out), screen, signal };
      const profile = await profileOf(options);
      if (profile !== undefined) expectOfSlurm(options);
      const ready = await makeReady(file, { ...ablating, profile });
      if (ready === undefined) return;
      const { grid, cells, elsewhere } = ready;
      await (profile === undefined
        ? trainHere(grid, cells, elsewhere, ablating)
        : submitToCluster(grid, cells, { ...ablating, profile }));
    });
  withSlurmOptions(command, 'train on this machine');
  withPluginOptions(command);
  addGridStatus(command, surroundings);
  addGridReport(command, surroundings);
};

/** @throws {@link UsageError} for options of this machine, where the cells are submitted */
function expectOfSlurm({ processes, failFast }: AblateOptions): void {
  if (processes !== undefined) {
    throw new UsageError(
      '--processes only applies to --launcher local; with Slurm, "maxRunning" in the profile bounds how many cells run at a time',
    );
  }
  if (failFast) {
    throw new UsageError(
      '--fail-fast only applies to --launcher local: with Slurm, nothing here watches the cells',
    );
  }
}

/**
 * Plans the grid and begins its runs, or, with `--dry-run`, shows the plan.
 *
 * @returns the cells to start
 */
async function makeReady(
  file: string,
  {
    profile,
    ...ablating
  }: Ablating & { readonly profile: SlurmProfile | undefined },
): Promise<
  | {
      readonly grid: GridRecord;
      readonly cells: readonly CellState[];
      /** that another process trains */
      readonly elsewhere: readonly Cell[];
    }
  | undefined
> {
  const { folder, options, screen, signal } = ablating;
  const { device, threads, processes = 1, offline = false } = options;
  const note = (message: string): void => {
    screen.note(`note: ${message}`);
  };
  const loaded = await loadGrid(file, {
    overrides: options.set,
    policy: policyOf(screen, options),
  });
  const given = namedFolders(options.data);
  const datasets = Object.keys(given).length > 0 ? given : loaded.datasets;
  if (Object.keys(datasets).length === 0) {
    throw new UsageError(
      `${file}: names no datasets; give one with --data <dataset>`,
    );
  }
  const engine = makeEngine(options.engine, { device });
  try {
    const planned = await planGrid({
      ...{ grid: loaded, file, datasets, engine, signal },
      device: device ?? null,
      software: software(),
      loadTower: (experiment) =>
        loadTower(experiment, { offline, onNote: screen.note }),
      onNote: note,
    });
    const among = selectCells(planned.record, options.only);
    const queued = await queuedCells(folder, note);
    const opened = await openPlan(folder, planned, queued);
    for (const line of sameRuns(planned.record)) note(line);
    if (opened.changed.length > 0) {
      screen.note(
        'note: the grid has changed since it was last started:',
        ...opened.changed.map((line) => `  ${line}`),
      );
    }
    const cells = cellsToStart(opened.states, {
      retryFailed: options.retry === 'failed',
      among,
    });
    const usual =
      profile === undefined
        ? threadsEach(availableParallelism(), processes)
        : (profile.cpus ?? 1);
    if (options.dryRun) {
      const kept = opened.plan.record.threads;
      const record = {
        ...opened.plan.record,
        threads: threads ?? kept ?? usual,
      };
      await showPlan(
        { ...opened, plan: { ...opened.plan, record } },
        { ...ablating, cells, profile },
      );
      return undefined;
    }
    const grid = await beginRuns(folder, opened.plan, {
      ...{ threads, signal, usual },
      wanted: new Set(cells.map(({ cell }) => cell.run.hash)),
      onProgress: (done, total) => {
        screen.progress({ stage: 'checking experiment', done, total });
      },
    });
    const wanted = (grid.threads ?? 1) * processes;
    if (profile === undefined && wanted > availableParallelism()) {
      note(
        `${processes} ${processes === 1 ? 'cell' : 'cells'} at a time with the ${grid.threads} threads each that the grid began with are more than this machine's ${availableParallelism()} processors; fewer --processes are as fast`,
      );
    }
    const ids = new Set(among.map(cellId));
    const elsewhere = opened.states.flatMap(({ cell, state }) =>
      state === 'training' && ids.has(cellId(cell)) ? [cell] : [],
    );
    return { grid, cells, elsewhere };
  } finally {
    await engine.dispose();
  }
}
