import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  beginGrid,
  CellsFailedError,
  cellsToStart,
  estimateGrid,
  formatStates,
  type GridRecord,
  gridTable,
  launchCellsLocally,
  LaunchStoppedError,
  type OpenedGrid,
  openPlan,
  planGrid,
  readCellStates,
  sameRuns,
  selectCells,
  type Selection,
  tableInMarkdown,
  threadsEach,
  writeTable,
} from '@clip-lung/ablation';
import { loadGrid } from '@clip-lung/experiment';
import { loadTower } from '@clip-lung/inference/node';
import { InvalidArgumentError, Option } from 'commander';

import { type AddCommand, screenOf, type Surroundings } from '../../command.js';
import { UsageError } from '../../exit-codes.js';
import {
  type DeviceName,
  deviceNames,
  type EngineName,
  engineNames,
  makeEngine,
} from '../../make-engine.js';
import {
  type PluginOptions,
  policyOf,
  withPluginOptions,
} from '../../plugin-options.js';
import type { Screen } from '../../screen.js';
import { software } from '../../software.js';
import { wholeNumber } from '../../whole-number.js';
import { addGridReport } from './grid-report.js';
import { addGridStatus } from './grid-status.js';
import { namedFolders } from './named-folders.js';
import { cellCommand, planLines } from './show-plan.js';

interface Options extends PluginOptions {
  readonly data: readonly string[];
  readonly out?: string;
  readonly set: readonly string[];
  readonly processes: number;
  readonly threads?: number;
  readonly dryRun?: boolean;
  readonly only: readonly Selection[];
  readonly retry?: 'failed';
  readonly failFast?: boolean;
  readonly offline?: boolean;
  readonly engine: EngineName;
  readonly device?: DeviceName;
  readonly json?: boolean;
}

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
  return [...earlier, { axis, values: values.split(',') }];
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
      'cells that are trained at a time',
      wholeNumber(1),
      1,
    )
    .option(
      '--threads <n>',
      'threads of each cell, which must stay the same (default: the processors, divided by the processes)',
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
    .action(async (file: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      const { out } = options;
      if (out === undefined) {
        throw new UsageError(
          "--out is missing; give the grid's folder to write, or to go on with",
        );
      }
      const folder = resolve(out);
      const started = await begin(file, folder, {
        ...{ options, screen, surroundings },
      });
      if (started === undefined) return;
      await launch(folder, started, { options, screen, surroundings });
    });
  withPluginOptions(command);
  addGridStatus(command, surroundings);
  addGridReport(command, surroundings);
};

interface Launching {
  readonly options: Options;
  readonly screen: Screen;
  readonly surroundings: Surroundings;
}

/** Plans the grid and begins its runs, or, with `--dry-run`, shows the plan. */
async function begin(
  file: string,
  folder: string,
  { options, screen, surroundings: { signal } }: Launching,
): Promise<GridRecord | undefined> {
  const { device, processes, threads, offline = false } = options;
  const note = (message: string): void => {
    screen.note(`note: ${message}`);
  };
  const grid = await loadGrid(file, {
    overrides: options.set,
    policy: policyOf(screen, options),
  });
  const given = namedFolders(options.data);
  const datasets = Object.keys(given).length > 0 ? given : grid.datasets;
  if (Object.keys(datasets).length === 0) {
    throw new UsageError(
      `${file}: names no datasets; give one with --data <dataset>`,
    );
  }
  const engine = makeEngine(options.engine, { device });
  try {
    const planned = await planGrid({
      ...{ grid, file, datasets, engine, signal },
      device: device ?? null,
      software: software(),
      loadTower: (experiment) =>
        loadTower(experiment, { offline, onNote: screen.note }),
      onNote: note,
    });
    const opened = await openPlan(folder, planned);
    for (const line of sameRuns(planned.record)) note(line);
    if (opened.changed.length > 0) {
      screen.note(
        'note: the grid has changed since it was last started:',
        ...opened.changed.map((line) => `  ${line}`),
      );
    }
    if (options.dryRun) {
      await showPlan(folder, opened, { options, screen, signal });
      return undefined;
    }
    const wanted = selectCells(opened.plan.record, options.only);
    return await beginGrid(folder, opened, {
      ...{ threads, signal },
      wanted: new Set(wanted.map(({ run }) => run.hash)),
      usual: threadsEach(availableParallelism(), processes),
      onProgress: (done, total) => {
        screen.progress({ stage: 'checking experiment', done, total });
      },
    });
  } finally {
    await engine.dispose();
  }
}

async function showPlan(
  folder: string,
  { plan, states }: OpenedGrid,
  {
    options,
    screen,
    signal,
  }: Pick<Launching, 'options' | 'screen'> & { readonly signal: AbortSignal },
): Promise<void> {
  const { processes, threads, offline = false } = options;
  const usual = threadsEach(availableParallelism(), processes);
  const record = {
    ...plan.record,
    threads: threads ?? plan.record.threads ?? usual,
  };
  const cells = cellsToStart(states, {
    retryFailed: options.retry === 'failed',
    among: selectCells(record, options.only),
  });
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
  const commands = cells.map((state) =>
    cellCommand(folder, record, state, { offline }),
  );
  screen.result(planLines({ states, estimates, processes, commands }), {
    ...{ grid: folder, states, estimates, commands },
  });
}

const clipLung = fileURLToPath(
  new URL('../../../bin/clip-lung.js', import.meta.url),
);

/** Trains what is missing, and shows what the grid has come to. */
async function launch(
  folder: string,
  grid: GridRecord,
  { options, screen, surroundings: { signal } }: Launching,
): Promise<void> {
  const retryFailed = options.retry === 'failed';
  const before = await readCellStates(folder, grid);
  const among = selectCells(grid, options.only);
  const cells = cellsToStart(before, { retryFailed, among });
  let done = 0;
  await launchCellsLocally(folder, grid, cells, {
    program: [process.execPath, clipLung],
    processes: options.processes,
    failFast: options.failFast ?? false,
    offline: options.offline ?? false,
    signal,
    onEvent: (event) => {
      const { name } = event.task;
      if (event.kind === 'start') {
        screen.note(
          `${event.restarts === 0 ? 'started' : 'started again'}: ${name}`,
        );
        return;
      }
      done += 1;
      const { code, lastError, log } = event.outcome;
      if (code !== 0) {
        screen.note(
          `ended with ${code}: ${name}`,
          ...(lastError === undefined ? [] : [`  ${lastError}`]),
          `  log: ${log}`,
        );
      }
      screen.progress({ stage: 'cell', done, total: cells.length });
    },
  });
  const states = await readCellStates(folder, grid);
  if (signal.aborted) {
    throw new LaunchStoppedError(
      `stopped; what was trained is saved, and the same command goes on (${describe(states)})`,
    );
  }
  const table = await gridTable(folder, grid, { signal });
  const files = await writeTable(folder, table);
  const failed = states.filter(
    ({ state }) => state === 'failed' || state === 'damaged',
  );
  if (failed.length > 0) {
    screen.note(...formatStates(grid, states));
    throw new CellsFailedError(
      `${failed.length} of ${states.length} cells failed; mend what their logs say, and start them again with --retry failed`,
    );
  }
  screen.result([...tableInMarkdown(table).trimEnd().split('\n'), ...files], {
    ...{ grid: folder, states, files },
  });
}

function describe(states: Awaited<ReturnType<typeof readCellStates>>): string {
  const done = states.filter(({ state }) => state === 'done').length;
  return `${done} of ${states.length} cells done`;
}
