import { setImmediate } from 'node:timers/promises';

import { describeText } from '@clip-lung/evaluator';
import { visibleLine } from '@clip-lung/tensor';
import { InvalidArgumentError } from 'commander';

import {
  type ClassifierDescription,
  classifyCrops,
  mostProbable,
  type Row,
} from '@clip-lung/inference';
import {
  type CropSource,
  openClassifier,
  readCrops,
  usualDiameter,
} from '@clip-lung/inference/node';
import { describeCollection } from '@clip-lung/lidc';
import { type AddCommand, screenOf } from '../command.js';
import { UsageError } from '../exit-codes.js';
import {
  type PluginOptions,
  policyOf,
  withPluginOptions,
} from '../plugin-options.js';
import { version } from '../software.js';
import { wholeNumber } from '../whole-number.js';

interface Options extends PluginOptions {
  readonly at?: readonly [number, number, number];
  readonly diameter?: number;
  readonly series?: string;
  readonly fold?: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

export const addPredict: AddCommand = (program, surroundings) => {
  const command = program
    .command('predict')
    .description('say how malignant a nodule looks to a trained model')
    .argument('<model>', 'a model.onnx, made by export, or a run folder')
    .argument(
      '<crop>',
      'crops in HU, a .npy file of [32, 32, 32] or [any, 32, 32, 32]; with --at, a folder with a CT series',
    )
    .option(
      '--at <x,y,z>',
      "the nodule's centre in the series, in DICOM's patient coordinates, mm",
      pointOf,
    )
    .option(
      '--diameter <mm>',
      `the nodule's diameter; the crop is twice as wide (default: ${usualDiameter})`,
      lengthOf,
    )
    .option('--series <uid>', 'the series to use, if the folder holds several')
    .option('--fold <k>', 'the fold of a run, counted from 0', wholeNumber(0))
    .option(
      '--force',
      'predict even if slices are missing or contradict each other, or values can hardly be HU',
    )
    .option('--json', 'print one JSON object')
    .action(async (model: string, crop: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      const source = sourceOf(crop, options);
      const { open, about } = await openClassifier(model, {
        fold: options.fold,
        policy: policyOf(screen, options),
        version,
      });
      try {
        const { signal } = surroundings;
        const { force = false } = options;
        const { hu, warnings } = await readCrops(source, { signal, force });
        for (const { file, message } of warnings) {
          screen.note(
            message.includes(file)
              ? `warning: ${message}`
              : `warning: ${file}: ${message}`,
          );
        }
        const { classes } = about;
        const rows = await classifyCrops(open, hu, {
          file: model,
          classes,
          pause: () => setImmediate(undefined, { signal }),
        });
        screen.result(format(rows, about), {
          model,
          crop,
          data: about.collection,
          text: about.text,
          classes,
          warnings,
          predictions: rows.map((row) => ({
            class: mostProbable(row),
            probabilities: Object.fromEntries(row),
          })),
        });
      } finally {
        await open.release();
      }
    });
  withPluginOptions(command);
};

function sourceOf(crop: string, options: Options): CropSource {
  const { at, diameter, series } = options;
  if (at !== undefined) {
    return { kind: 'series', folder: crop, at, diameter, series };
  }
  if (diameter !== undefined || series !== undefined) {
    throw new UsageError(
      '--diameter and --series describe a nodule in a CT series; give --at x,y,z as well',
    );
  }
  if (crop.endsWith('.npy')) return { kind: 'npy', file: crop };
  throw new UsageError(
    `${crop}: is not a .npy file; for a folder with a CT series, say where the nodule is with --at x,y,z`,
  );
}

function format(
  rows: readonly Row[],
  about: ClassifierDescription,
): readonly string[] {
  const width = Math.max(
    ...about.classes.map((name) => visibleLine(name).length),
  );
  const lines = rows.flatMap((row, i) => [
    ...(rows.length > 1 ? [`crop ${i}`] : []),
    ...row.map(([name, probability]) => {
      const percent = (100 * probability).toFixed(1).padStart(6);
      const mark = name === mostProbable(row) ? '  ←' : '';
      return `${visibleLine(name).padEnd(width)} ${percent} %${mark}`;
    }),
  ]);
  return [
    ...lines,
    `the model was trained on ${describeCollection(about.collection)}; ${describeText(about)}`,
    'for research only: this is not a medical finding',
  ];
}

function pointOf(text: string): readonly [number, number, number] {
  const [x = NaN, y = NaN, z = NaN, ...more] = text
    .split(',')
    .map((part) => (part.trim() === '' ? NaN : Number(part)));
  if ([x, y, z].every(Number.isFinite) && more.length === 0) return [x, y, z];
  throw new InvalidArgumentError(
    'expected three numbers, such as -61.5,20,-190.',
  );
}

function lengthOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('expected a length in mm, above 0.');
}
