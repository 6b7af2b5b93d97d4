import { writeFileAtomic } from '@clip-lung/tensor/node';
import { z } from 'zod';

import { type ClassifiedBy, waysToClassify } from './classified-by.js';
import { parseDigestedJson, toDigestedJson } from './digested-json.js';
import { formatVersion, type RunFormatVersion } from './format-version.js';
import { readRunFile } from './missing.js';
import { runPaths } from './paths.js';
import {
  runCollections,
  type RunCollection,
  runSubsets,
  type RunSubset,
  runTexts,
  type RunText,
} from './record.js';

/** Both ends of an interval. */
export interface SummaryInterval {
  readonly low: number;
  readonly high: number;
}

/** One class of the summary. What has no denominator is 0, as scikit-learn's `zero_division=0`. */
export interface ClassSummary {
  readonly name: string;
  readonly recall: number;
  readonly f1: number;
  readonly precision: number;
  /** nodules of the class */
  readonly support: number;
  /** of this class against the rest; null where only one side has nodules */
  readonly auc: number | null;
}

export interface FoldSummary {
  /** counted from 0 */
  readonly fold: number;
  readonly accuracy: number;
  readonly nodules: number;
  readonly patients: number;
}

/** What a run's predictions come to, over the pooled test nodules of its folds. Fractions are in 0..1. */
export interface RunSummary {
  readonly accuracy: number;
  /** accuracy of answering the most frequent class among these nodules every time */
  readonly majority: number;
  readonly perClass: readonly ClassSummary[];
  /** the run's folder, as it was given */
  readonly run: string;
  readonly text: RunText;
  readonly data: RunCollection;

  /** what the nodules were classified by */
  readonly by: ClassifiedBy;
  readonly formatVersion: RunFormatVersion;
  readonly subset: RunSubset;
  readonly textModel: string;
  /** the class that `majority` answers */
  readonly majorityClass: string;
  /** means over the classes that have nodules */
  readonly macroPrecision: number;
  readonly macroRecall: number;
  readonly macroF1: number;
  /** mean of the classes' one-against-rest AUC; null where no class has one */
  readonly auc: number | null;
  /** expected calibration error of the most probable class, 15 bins of equal width */
  readonly ece: number;
  /** mean over nodules of the squared error of the probabilities, summed over classes: 0..2 */
  readonly brier: number;
  /** of the accuracy */
  readonly interval: {
    /** 0.95 */
    readonly level: number;
    /** takes the nodules as independent */
    readonly wilson: SummaryInterval;
    /** bootstrap over patients, whose nodules stay together; null for a single patient */
    readonly byPatient: SummaryInterval | null;
  };
  readonly nodules: number;
  readonly patients: number;
  /** those with predictions, in order */
  readonly folds: readonly FoldSummary[];
  /** of the run's folds, those without predictions */
  readonly missingFolds: readonly number[];
  /** of the folds' accuracies, sample standard deviation; null for fewer than two folds */
  readonly overFolds: {
    readonly mean: number;
    readonly deviation: number;
  } | null;
  /** counts [true class][predicted class], classes as in `perClass` */
  readonly confusion: readonly (readonly number[])[];
}

const fraction = z.number().min(0).max(1);
const count = z.int().nonnegative();
const interval = z.strictObject({ low: fraction, high: fraction });

const summary = z.strictObject({
  accuracy: fraction,
  majority: fraction,
  perClass: z.array(
    z.strictObject({
      name: z.string(),
      recall: fraction,
      f1: fraction,
      precision: fraction,
      support: count,
      auc: fraction.nullable(),
    }),
  ),
  run: z.string(),
  text: z.enum(runTexts),
  data: z.enum(runCollections),
  // Summaries of before there was a choice are of the head.
  by: z.enum(waysToClassify).default('head'),
  formatVersion,
  subset: z.enum(runSubsets),
  textModel: z.string(),
  majorityClass: z.string(),
  macroPrecision: fraction,
  macroRecall: fraction,
  macroF1: fraction,
  auc: fraction.nullable(),
  ece: z.number().nonnegative(),
  brier: z.number().nonnegative(),
  interval: z.strictObject({
    level: fraction,
    wilson: interval,
    byPatient: interval.nullable(),
  }),
  nodules: count,
  patients: count,
  folds: z.array(
    z.strictObject({
      fold: count,
      accuracy: fraction,
      nodules: count,
      patients: count,
    }),
  ),
  missingFolds: z.array(count),
  overFolds: z
    .strictObject({ mean: fraction, deviation: z.number().nonnegative() })
    .nullable(),
  confusion: z.array(z.array(count)),
}) satisfies z.ZodType<RunSummary>;

/** Writes `summary.json`, or `summary-by-texts.json`, with its digest, checked as it will be read. @param folder the run's */
export async function writeRunSummary(
  folder: string,
  value: RunSummary,
): Promise<void> {
  const file = runPaths(folder, value.by).summary;
  await writeFileAtomic(file, toDigestedJson(value, summary, file));
}

/** @throws `MissingRunFileError` when the run is not evaluated, `RunFileError` for a summary that is not as it was written, or not as it should be */
export async function readRunSummary(
  folder: string,
  by: ClassifiedBy = 'head',
): Promise<RunSummary> {
  const file = runPaths(folder, by).summary;
  const bytes = await readRunFile(
    file,
    `there is no such file: the run is not evaluated yet; run \`clip-lung evaluate${by === 'head' ? '' : ` --by ${by}`}\` on it`,
  );
  return parseDigestedJson(bytes, summary, file);
}
