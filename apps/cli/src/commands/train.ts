import { readDataset } from '@clip-lung/data/node';
import { loadExperiment, pluginVersions } from '@clip-lung/experiment';
import { loadTower } from '@clip-lung/inference/node';
import { shellWord } from '@clip-lung/tensor';
import { followInTensorBoard } from '@clip-lung/tracking';
import { type FoldResult, needsMargin, trainRun } from '@clip-lung/trainer';
import { InvalidArgumentError, Option } from 'commander';

import { type AddCommand, screenOf } from '../command.js';
import {
  type DeviceName,
  deviceNames,
  type EngineName,
  engineNames,
  makeEngine,
} from '../make-engine.js';
import {
  type PluginOptions,
  policyOf,
  withPluginOptions,
} from '../plugin-options.js';
import { showTraining } from '../show-training.js';
import { software } from '../software.js';
import { wholeNumber } from '../whole-number.js';

interface Options extends PluginOptions {
  readonly data: string;
  readonly out: string;
  readonly fold: readonly number[] | undefined;
  readonly set: readonly string[];
  readonly resume: boolean;
  readonly plugins: (typeof pluginVersions)[number];
  readonly tensorboard?: boolean;
  readonly offline?: boolean;
  readonly engine: EngineName;
  readonly device?: DeviceName;
  readonly threads?: number;
  readonly json?: boolean;
}

export const addTrain: AddCommand = (program, surroundings) => {
  const command = program
    .command('train')
    .description('train and test an experiment, fold by fold')
    .argument(
      '<experiment>',
      'a .ts, .js or .json file, such as experiments/clip-lung.ts, or the experiment.json of a run',
    )
    .requiredOption('--data <dataset>', 'a dataset folder, made by prepare')
    .requiredOption('--out <run>', 'the run folder to write')
    .option(
      '--fold <k,…>',
      'folds, counted from 0: 0 or 0,1 (default: all)',
      foldsOf,
    )
    .option(
      '--set <path=value>',
      'change the experiment: training.epochs=3 (may be given several times)',
      collect,
      [],
    )
    .option(
      '--resume',
      'go on with a run that was stopped, or that is given more training.epochs',
      false,
    )
    .addOption(
      new Option(
        '--plugins <which>',
        'go on with the copies of plugins that the run keeps, or with their current files, which are then recorded',
      )
        .choices(pluginVersions)
        .default('kept'),
    )
    .addOption(
      new Option('--engine <name>', 'what computes')
        .choices(engineNames)
        .default('onnx'),
    )
    .addOption(
      new Option(
        '--device <name>',
        'the device to compute on; doctor lists what is available (default: cpu, or what TensorFlow finds)',
      ).choices(deviceNames),
    )
    .option(
      '--threads <n>',
      'threads within one operation, for --engine onnx (default: one per processor)',
      wholeNumber(1),
    )
    .option(
      '--tensorboard',
      "write event files for TensorBoard into the folds' folders, too",
    )
    .option('--offline', 'download nothing')
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      const loaded = await loadExperiment(file, {
        overrides: options.set,
        run: options.out,
        plugins: options.plugins,
        policy: policyOf(screen, options),
      });
      const dataset = await readDataset(options.data, {
        margin: needsMargin(loaded.experiment, loaded.modules),
        onNote: (message) => {
          screen.note(`note: ${message}`);
        },
      });
      const tower = await loadTower(loaded, {
        onNote: screen.note,
        offline: options.offline,
      });
      const engine = makeEngine(options.engine, options);
      let folds: readonly FoldResult[];
      const shown = showTraining(screen);
      const tracker = options.tensorboard
        ? followInTensorBoard(options.out, {
            onNote: (message) => {
              screen.note(`note: ${message}`);
            },
          })
        : undefined;
      try {
        folds = await trainRun({
          ...loaded,
          dataset,
          out: options.out,
          folds: options.fold,
          resume: options.resume,
          replacePlugins: options.plugins === 'current',
          engine,
          tower,
          software: software(),
          onEvent: (event) => {
            shown(event);
            tracker?.onEvent(event);
          },
          signal: surroundings.signal,
        });
      } finally {
        await tracker?.close();
        await engine.dispose();
      }
      screen.result(
        [
          `trained: ${options.out}`,
          `next: clip-lung evaluate ${shellWord(options.out)}`,
        ],
        { run: options.out, folds },
      );
    });
  withPluginOptions(command);
};

function foldsOf(text: string): readonly number[] | undefined {
  if (text === 'all') return undefined;
  const names = text.split(',').map((name) => name.trim());
  const folds = [...new Set(names.map(Number))];
  if (names.every((name) => /^\d{1,4}$/.test(name))) return folds;
  throw new InvalidArgumentError(
    'Expected folds, counted from 0, such as 0 or 0,1; or all.',
  );
}

function collect(text: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, text];
}
