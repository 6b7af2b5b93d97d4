import type { Dataset } from '@clip-lung/data';
import { readDataset } from '@clip-lung/data/node';
import type { Hosted } from '@clip-lung/engine';
import type { PluginPolicy } from '@clip-lung/experiment';
import type { Weights } from '@clip-lung/inference';
import {
  averagesOf,
  chooseFold,
  loadTowerOf,
  openRunWithTexts,
  readTrainedClassifier,
  readTrainedFold,
} from '@clip-lung/inference/node';
import {
  createModel,
  type Model,
  type ResolvedExperiment,
} from '@clip-lung/model';
import { readRunRecord, type RunRecord } from '@clip-lung/run';
import { ClipLungError } from '@clip-lung/tensor';
import type { TextTower } from '@clip-lung/text-encoder';

import { ExplanationRequestError } from '../errors.js';

export interface OpenExplainedRunOptions {
  /** counted from 0; by default the only one */
  readonly fold?: number | undefined;
  /** the dataset's folder, if not the one on record */
  readonly data?: string | undefined;
  /** whether to load the text tower: true asks for it, false leaves it out; by default where the run has one */
  readonly texts?: boolean | undefined;
  /** where the weights of its CLIP tower are, if not where the record says */
  readonly tower?: string | undefined;
  readonly policy: PluginPolicy;
  /** whether nothing may be downloaded */
  readonly offline?: boolean | undefined;
}

/** The text tower of a run, and what its prompts are made of. */
export interface ExplainedTexts {
  readonly tower: TextTower;
  readonly data: ResolvedExperiment['data'];
}

/** A trained fold, with the dataset that it was trained on. */
export interface ExplainedRun {
  readonly folder: string;
  readonly record: RunRecord;
  readonly fold: number;
  /** with texts where `texts` is there */
  readonly model: Model;
  /** the moving averages */
  readonly weights: Hosted<Weights>;
  readonly dataset: Dataset;
  readonly texts: ExplainedTexts | undefined;
}

/**
 * Opens a trained fold to be explained.
 *
 * @throws {@link ExplanationRequestError} for texts of a run without any, and a dataset that is not there; and what opening a run,
 *   its tower and its checkpoint throws
 */
export async function openExplainedRun(
  folder: string,
  options: OpenExplainedRunOptions,
): Promise<ExplainedRun> {
  const record = await readRunRecord(folder);
  const fold = await chooseFold(folder, options.fold);
  const hasTexts = record.experiment['text'] !== null;
  if (!hasTexts && (options.texts === true || options.tower !== undefined)) {
    throw new ExplanationRequestError(
      `${folder}: has no texts, so there are no scores of attributes and no prompts: none of its losses compares images with texts; leave --attributes and --text out`,
    );
  }
  const opened =
    hasTexts && options.texts !== false
      ? await withTexts(folder, fold, record, options)
      : { ...(await withoutTexts(folder, fold, options)), texts: undefined };
  const dataset = await datasetOf(folder, record, options);
  return { folder, record, fold, dataset, ...opened };
}

type Opened = Pick<ExplainedRun, 'model' | 'weights'>;

async function withoutTexts(
  folder: string,
  fold: number,
  { policy }: OpenExplainedRunOptions,
): Promise<Opened> {
  const { model, weights } = await readTrainedClassifier(folder, fold, policy);
  return { model, weights };
}

async function withTexts(
  folder: string,
  fold: number,
  record: RunRecord,
  { policy, tower: moved, offline }: OpenExplainedRunOptions,
): Promise<Opened & { readonly texts: ExplainedTexts }> {
  const onNote = (message: string): void => {
    policy.onNote(message);
  };
  const run = await openRunWithTexts(folder, policy, moved);
  const { experiment, modules } = run.loaded;
  const tower = await loadTowerOf(run, { onNote, offline });
  const { classes } = record;
  const model = createModel(experiment, { classes, modules, tower });
  const trained = await readTrainedFold(folder, fold, record, (message) => {
    onNote(`note: ${message}`);
  });
  const weights = averagesOf(model, trained);
  return { model, weights, texts: { tower, data: experiment.data } };
}

async function datasetOf(
  folder: string,
  { data: recorded }: RunRecord,
  { data = recorded.folder, policy }: OpenExplainedRunOptions,
): Promise<Dataset> {
  const onNote = (message: string): void => {
    policy.onNote(`note: ${message}`);
  };
  return readDataset(data, { onNote }).catch((error: unknown) => {
    if (!(error instanceof ClipLungError) || data !== recorded.folder) {
      throw error;
    }
    throw new ExplanationRequestError(
      `${folder}: to explain a nodule, the dataset that it was trained on is needed: ${error.message}. If it has moved, give its folder with --data <folder>`,
      { cause: error },
    );
  });
}
