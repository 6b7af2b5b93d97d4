import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describeText } from '@clip-lung/evaluator';
import { heatSvg } from '@clip-lung/explain';
import {
  type ExplainedNodule,
  explainNodule,
  methods,
  openExplainedRun,
} from '@clip-lung/explain/node';
import { mostProbable } from '@clip-lung/inference';
import { describeCollection } from '@clip-lung/lidc';
import type { RunRecord } from '@clip-lung/run';
import {
  FileWriteError,
  writeFileAtomic,
  writeNpy,
} from '@clip-lung/tensor/node';

import { type AddCommand, screenOf } from '../command.js';
import {
  type PluginOptions,
  policyOf,
  withPluginOptions,
} from '../plugin-options.js';
import { wholeNumber } from '../whole-number.js';

interface Options extends PluginOptions {
  readonly nodule: string;
  readonly fold?: number;
  readonly class?: string;
  readonly method: string;
  readonly layer?: string;
  readonly data?: string;
  readonly attributes?: boolean;
  readonly text?: string;
  readonly offline?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export const addExplain: AddCommand = (program, surroundings) => {
  const command = program
    .command('explain')
    .description('show what a trained fold looks at in a nodule')
    .argument('<run>', 'a run folder, made by train')
    .requiredOption('--nodule <id>', 'its ID in nodules.csv of the dataset')
    .option(
      '--fold <k>',
      'the fold, counted from 0; may be left out if only one is trained',
      wholeNumber(0),
    )
    .option(
      '--class <name>',
      'the class to explain (default: the most probable)',
    )
    .option('--method <name>', methods.join(', '), 'grad-cam')
    .option(
      '--layer <name>',
      'of the class activation maps: layer1 to layer4, or features (default: the last inside the encoder)',
    )
    .option('--data <folder>', 'the dataset, if not where the run has it')
    .option('--attributes', 'insist on scores of the attributes')
    .option('--no-attributes', 'leave them out, and the text tower with them')
    .option('--text <folder>', 'the CLIP tower, if not where the run has it')
    .option('--offline', 'download nothing')
    .option('--out <folder>', 'write the map there: .npy, .svg and .json')
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: Options) => {
      const screen = screenOf(surroundings, options);
      const run = await openExplainedRun(folder, {
        fold: options.fold,
        data: options.data,
        texts: options.attributes,
        tower: options.text,
        offline: options.offline,
        policy: policyOf(screen, options),
      });
      const found = await explainNodule(run, {
        nodule: options.nodule,
        class: options.class,
        method: options.method,
        layer: options.layer,
      });
      surroundings.signal.throwIfAborted();
      const json = jsonOf(found, run);
      const files =
        options.out === undefined
          ? []
          : await writeExplanation(options.out, found, json);
      screen.result(
        [...format(found, run), ...files.map((file) => `written: ${file}`)],
        { ...json, files },
      );
    });
  withPluginOptions(command);
};

type Named = {
  readonly folder: string;
  readonly fold: number;
  readonly record: RunRecord;
};

function format(
  { nodule, isTested, probabilities, heat, ...found }: ExplainedNodule,
  { fold, record }: Named,
): readonly string[] {
  const width = Math.max(...probabilities.map(([name]) => name.length));
  const percent = (value: number | null): string =>
    value === null ? 'none' : `${(100 * value).toFixed(1)} %`;
  return [
    `trained on ${describeCollection(record.data.collection)}; ${describeText(record)}`,
    `nodule ${nodule.id}, ${nodule.label}${isTested ? '' : `: fold ${fold} was not tested with it, so it may have been trained on it`}`,
    ...probabilities.map(
      ([name, probability]) =>
        `${name.padEnd(width)} ${percent(probability).padStart(8)}${name === mostProbable(probabilities) ? '  ←' : ''}`,
    ),
    `${found.method}, class ${found.class}, over ${found.map.axes.join(', ')}${found.map.axes.length === 2 ? ': slices are its channels, so it has no z' : ''}`,
    heat === undefined
      ? 'heat inside the nodule: not known, the dataset does not say how large crops are'
      : `heat inside a sphere of the nodule's diameter (datasets keep no masks of the readers): ${percent(heat.trained.share)}; untrained model ${percent(heat.untrained.share)}, even heat ${percent(heat.trained.even)}`,
    ...(found.attributes === undefined
      ? []
      : [
          'attributes: cosine with their texts, and mean rating of the readers',
          ...found.attributes.map(
            ({ attribute, score, rating }) =>
              `${attribute.padEnd(18)} ${score.toFixed(3).padStart(6)}  ${rating === null ? '–' : rating.toFixed(2)}`,
          ),
        ]),
    'for research only: this is not a medical finding',
  ];
}

function jsonOf(
  { nodule, probabilities, ...found }: ExplainedNodule,
  { folder, fold, record }: Named,
) {
  const { raw, axes, overCrop } = found.map;
  return {
    run: folder,
    fold,
    data: record.data.collection,
    text: record.text,
    nodule: nodule.id,
    label: nodule.label,
    tested: found.isTested,
    probabilities: Object.fromEntries(probabilities),
    class: found.class,
    method: found.method,
    map: { axes, raw: raw.shape, overCrop: overCrop.shape },
    heat: found.heat ?? null,
    attributes: found.attributes ?? null,
  };
}

/** @returns the files, as they were named */
async function writeExplanation(
  folder: string,
  { map, hu, nodule, method, heat, ...found }: ExplainedNodule,
  json: unknown,
): Promise<readonly string[]> {
  const file = (name: string): string => join(folder, name);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new FileWriteError(folder, error);
  }
  const svg = heatSvg({
    ...{ hu, map, radius: heat?.mask.radius },
    title: `${method}, ${found.class}: nodule ${nodule.id}`,
  });
  await writeNpy(file('map.npy'), map.raw);
  await writeNpy(file('map-over-crop.npy'), map.overCrop);
  await writeFileAtomic(file('map.svg'), svg);
  await writeFileAtomic(
    file('explanation.json'),
    `${JSON.stringify(json, null, 2)}\n`,
  );
  return ['map.npy', 'map-over-crop.npy', 'map.svg', 'explanation.json'].map(
    file,
  );
}
