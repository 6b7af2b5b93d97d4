import { setImmediate } from 'node:timers/promises';

import type { Collection, Subset } from '@clip-lung/lidc';
import {
  type ClassifiedBy,
  experimentDigest,
  type RunRecord,
} from '@clip-lung/run';
import { ClipLungError } from '@clip-lung/tensor';

import { countPatients } from './figure.js';
import { type Flow, flowOf } from './flow.js';
import { type HardCase, hardestCases } from './hardest.js';
import { type LabellingRules, scoreByRules } from './labelling-rules.js';
import { type LeftOut, measureReaders, type Readers } from './readers.js';
import { builtInSubgroups } from './subgroups/built-in-subgroups.js';
import {
  measureSubgroups,
  type SubgroupFigures,
} from './subgroups/measure-subgroups.js';
import type { Subgroup } from './subgroups/subgroup.js';
import { openTestedRun, type TestedRunOptions } from './tested-run.js';

/** By which a file is known to be an analysis. */
export const analysisFormat = 'clip-lung-analysis';

export interface AnalyseOptions extends TestedRunOptions {
  /** what to divide the nodules by; default {@link builtInSubgroups} */
  readonly subgroups?: readonly Subgroup[];
  /** how many of the hardest nodules to list; default 20 */
  readonly hardest?: number;
  /** how often patients are drawn for an interval; default 2,000 */
  readonly resamples?: number;
}

/** What a report tells of a run beyond its summary; plain JSON. What cannot be computed is null, or left out, with the reason. */
export interface Analysis {
  readonly format: typeof analysisFormat;
  readonly version: 1;
  /** the run's folder */
  readonly run: string;
  readonly by: ClassifiedBy;
  readonly text: RunRecord['text'];
  readonly textModel: string;
  readonly data: Collection;
  readonly subset: Subset;
  readonly dataset: { readonly folder: string; readonly sha256: string };
  readonly experimentDigest: string;
  /** the run's, in the order of all lists of classes */
  readonly classes: readonly string[];
  /** of all intervals, which are by patient */
  readonly level: number;
  readonly resamples: number;
  /** that were tested */
  readonly nodules: number;
  readonly patients: number;
  readonly missingFolds: readonly number[];
  readonly flow: Flow;
  readonly readers: Readers | LeftOut;
  readonly subgroups: readonly SubgroupFigures[];
  readonly labellingRules: LabellingRules | LeftOut;
  /** the nodules with the highest loss, the highest first */
  readonly hardest: readonly HardCase[];
}

/** An analysis that cannot be what is asked for. */
export class AnalysisError extends ClipLungError {
  readonly code = 'analysis';
}

/**
 * Analyses what a run predicts for its test nodules, of all folds that have predictions: against readers, in subgroups, by other
 * labelling rules; from which nodules the tested ones come, and which are the hardest. Reads the run and its dataset, and writes
 * nothing.
 *
 * @throws {@link AnalysisError} for an option out of range or subgroups of one name, and as `openTestedRun`: `InconsistentRunError`
 *   for another dataset than the run's
 */
export async function analyseRun(
  folder: string,
  {
    subgroups = builtInSubgroups,
    hardest = 20,
    resamples = 2000,
    ...options
  }: AnalyseOptions = {},
): Promise<Analysis> {
  expectWhole('hardest', hardest, 0);
  expectWhole('resamples', resamples, 1);
  expectDiffering(subgroups);
  const run = await openTestedRun(folder, options);
  const { record, dataset, tested } = run;
  const { signal } = options;
  const resampling = {
    ...{ level: 0.95, resamples },
    pause: () => setImmediate(undefined, { signal }),
  };
  await resampling.pause();
  return {
    format: analysisFormat,
    version: 1,
    run: folder,
    by: run.by,
    text: record.text,
    textModel: record.textModel,
    data: record.data.collection,
    subset: record.data.subset,
    dataset: { folder: dataset.folder, sha256: run.sha256 },
    experimentDigest: experimentDigest(record.experiment),
    classes: record.classes,
    level: resampling.level,
    resamples,
    nodules: tested.length,
    patients: countPatients(tested.map(({ row }) => row.patient)),
    missingFolds: run.missingFolds,
    flow: flowOf(run),
    readers: await measureReaders(run, resampling),
    subgroups: await measureSubgroups(subgroups, run, resampling),
    labellingRules: await scoreByRules(run, resampling),
    hardest: hardestCases(run, hardest),
  };
}

function expectWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new AnalysisError(
    `"${name}" is ${value}, expected a whole number from ${least}`,
  );
}

function expectDiffering(subgroups: readonly Subgroup[]): void {
  const seen = new Set<string>();
  for (const { name } of subgroups) {
    if (seen.has(name)) {
      throw new AnalysisError(
        `two subgroups are called "${name}", expected names that differ`,
      );
    }
    seen.add(name);
  }
}
