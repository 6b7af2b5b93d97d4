import type { Dataset } from '@clip-lung/data';
import { readDataset } from '@clip-lung/data/node';
import {
  type LoadedExperiment,
  loadRunExperiment,
  type PluginPolicy,
} from '@clip-lung/experiment';
import {
  InconsistentRunError,
  readRunRecord,
  type RunRecord,
  type TestedFold,
} from '@clip-lung/run';
import { at, ClipLungError } from '@clip-lung/tensor';
import { type TextTower, TextTowerError } from '@clip-lung/text-encoder';

import { InferenceRequestError } from '../errors.js';
import { loadTower, type TowerOptions } from './load-tower.js';

/** A trained run that has texts to classify by. */
export interface RunWithTexts {
  readonly folder: string;
  readonly record: RunRecord;
  readonly loaded: LoadedExperiment;
}

/**
 * Opens a run, without its tower.
 *
 * @param model where the weights of its CLIP tower are, if not where the record says
 * @throws {@link InferenceRequestError} for a run whose experiment has no texts, or whose tower is of no folder;
 *   `PluginsNotAllowedError` when a module of it is of a plugin that may not run
 */
export async function openRunWithTexts(
  folder: string,
  policy: PluginPolicy,
  model?: string,
): Promise<RunWithTexts> {
  const record = await readRunRecord(folder);
  if (record.experiment['text'] === null) {
    throw new InferenceRequestError(
      `${folder}: has no texts to classify by: none of its losses (${namesOf(record.experiment['losses'])}) compares images with texts. Evaluate it by its head (leave out --by texts)`,
    );
  }
  const loaded = await loadRunExperiment(folder, record, 'texts', policy);
  if (model === undefined) return { folder, record, loaded };
  const { text } = loaded.experiment;
  if (text?.use !== 'clip') {
    throw new InferenceRequestError(
      `--text ${model}: the text tower of ${folder} is "${text === null ? 'none' : text.use}", which is not read from a folder; leave --text out`,
    );
  }
  const moved = { ...text, model, revision: null, host: null };
  const experiment = { ...loaded.experiment, text: moved };
  return { folder, record, loaded: { ...loaded, experiment } };
}

function namesOf(losses: unknown): string {
  return (Array.isArray(losses) ? (losses as readonly unknown[]) : [])
    .map((loss) =>
      typeof loss === 'object' && loss !== null && 'use' in loss
        ? String(loss.use)
        : '?',
    )
    .join(', ');
}

/**
 * Loads the tower of a run.
 *
 * @throws {@link TextTowerError} when it is not there, and says what to do; {@link InconsistentRunError} for another tower
 *   than the run was trained with
 */
export async function loadTowerOf(
  { folder, record, loaded }: RunWithTexts,
  options: TowerOptions,
): Promise<TextTower> {
  const tower = await loadTower(loaded, options).catch((error: unknown) => {
    if (!(error instanceof ClipLungError)) throw error;
    throw new TextTowerError(
      `${folder}: to classify by texts, its text tower is needed: ${error.message}. If it has moved, give its folder with --text <folder>`,
      { cause: error },
    );
  });
  if (tower === null) throw new TypeError('the experiment has no text');
  if (tower.sha256 === record.textSha256) return tower;
  throw new InconsistentRunError(
    `the text tower ${tower.name} is not the one that ${folder} was trained with: the SHA-256 of its weights is ${tower.sha256 ?? 'not known'}, expected ${record.textSha256 ?? 'none'}; give the folder of that one with --text`,
  );
}

/**
 * Reads the dataset that a run was trained on.
 *
 * @param data its folder, if not the one on record
 * @throws `InputError` when it is not there; {@link InconsistentRunError} when it has not the nodules that were tested
 */
export async function readDatasetOf(
  { folder, record: { data: recorded, classes } }: RunWithTexts,
  folds: readonly TestedFold[],
  {
    data = recorded.folder,
    onNote,
  }: {
    readonly data?: string | undefined;
    readonly onNote?: (message: string) => void;
  } = {},
): Promise<{ readonly dataset: Dataset; readonly places: Places }> {
  const dataset = await readDataset(data, { onNote }).catch(
    (error: unknown) => {
      if (!(error instanceof ClipLungError) || data !== recorded.folder) {
        throw error;
      }
      throw new InferenceRequestError(
        `${folder}: to classify by texts, the dataset that it was trained on is needed: ${error.message}. If it has moved, give its folder with --data <folder>`,
        { cause: error },
      );
    },
  );
  const places = new Map(dataset.nodules.map(({ id }, place) => [id, place]));
  for (const { nodule, label } of folds.flatMap(({ rows }) => rows)) {
    const place = places.get(nodule);
    const own =
      place === undefined ? 'missing' : at(dataset.nodules, place).label;
    const expected = at(classes, label, 'classes');
    if (place !== undefined && own === expected) continue;
    throw new InconsistentRunError(
      `${data}: is not the dataset that ${folder} was trained on: nodule ${nodule} is ${own}, expected ${expected}; give that dataset with --data`,
    );
  }
  return { dataset, places };
}

/** The place of each nodule in its dataset, by ID. */
export type Places = ReadonlyMap<string, number>;
