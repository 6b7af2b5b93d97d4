import {
  type Collection,
  collections,
  type Subset,
  subsets,
} from '@clip-lung/lidc';
import {
  type BuiltInClassFigures,
  type BuiltInFigures,
  builtInMetrics,
  type Interval,
  isFigure,
  type Metric,
} from '@clip-lung/metrics';
import { writeFileAtomic } from '@clip-lung/tensor/node';
import { z } from 'zod';

import { type ClassifiedBy, waysToClassify } from './classified-by.js';
import { parseDigestedJson, toDigestedJson } from './digested-json.js';
import { MissingRunFileError } from './error.js';
import { formatVersion, type RunFormatVersion } from './format-version.js';
import { readRunFile } from './missing.js';
import { runPaths } from './paths.js';
import { runOrigin } from './origin.js';
import { type RunRecord, type RunText, runTexts } from './record.js';

/**
 * One class of the summary: its figures, by the names that the metrics have for them. What has no denominator is 0, as
 * scikit-learn's `zero_division=0`; the AUC is null where only one side has nodules. A metric of your own adds a key.
 */
export interface ClassSummary extends BuiltInClassFigures {
  readonly name: string;
  /** nodules of the class */
  readonly support: number;
}

export interface FoldSummary {
  /** counted from 0 */
  readonly fold: number;
  readonly accuracy: number;
  readonly nodules: number;
  readonly patients: number;
}

/**
 * What a run's predictions come to, over the pooled test nodules of its folds: the figures of all metrics, by their names, and
 * what they are of. Fractions are in 0..1. A metric of your own adds a key.
 */
export interface RunSummary extends BuiltInFigures {
  /** accuracy of answering the most frequent class among these nodules every time */
  readonly majority: number;
  readonly perClass: readonly ClassSummary[];
  /** the run's folder, as it was given */
  readonly run: string;
  readonly text: RunText;
  readonly data: Collection;

  /** what the nodules were classified by */
  readonly by: ClassifiedBy;
  readonly formatVersion: RunFormatVersion;
  readonly subset: Subset;
  readonly textModel: string;
  /** the class that `majority` answers */
  readonly majorityClass: string;
  /** of the accuracy */
  readonly interval: {
    /** 0.95 */
    readonly level: number;
    /** takes the nodules as independent */
    readonly wilson: Interval;
    /** bootstrap over patients, whose nodules stay together; null for a single patient */
    readonly byPatient: Interval | null;
  };
  /** bootstrap over patients of other figures, by their metrics' names; absent where no other metric has one */
  readonly intervals?: Readonly<Record<string, Interval | null>>;
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
  /** of the experiment that was evaluated, by `experimentDigest`; absent in summaries of earlier versions */
  readonly experimentDigest?: string | undefined;
}

const fraction = z.number().min(0).max(1);
const count = z.int().nonnegative();
const interval = z.strictObject({ low: fraction, high: fraction });
const metricInterval = z.strictObject({ low: z.number(), high: z.number() });

/** A figure as a file has it. Of a metric of your own, whose range is not known here, any number. */
const anyFigure = z.number().nullable();

function figureOf(metric: Metric): z.ZodType<number | null> {
  const [least, greatest] = metric.range;
  return z
    .number({
      error: ({ input }) =>
        input === undefined
          ? `expected the ${metric.label}, which was not measured yet when the summary was written; run \`clip-lung evaluate\` on the run again`
          : undefined,
    })
    .nullable()
    .refine(
      (value) => isFigure(metric, value),
      `expected a number from ${least} to ${greatest}`,
    );
}

const figures = Object.fromEntries(
  builtInMetrics.map((metric) => [metric.name, figureOf(metric)]),
);

const classFigures = Object.fromEntries(
  builtInMetrics.flatMap((metric: Metric) =>
    metric.perClass === undefined
      ? []
      : [[metric.perClass.name, figureOf(metric)]],
  ),
);

const classShape = z.object({
  ...classFigures,
  name: z.string(),
  support: count,
});

const shape = z.object({
  ...figures,
  majority: fraction,
  perClass: z.array(classShape.catchall(anyFigure)),
  run: z.string(),
  text: z.enum(runTexts),
  data: z.enum(collections),
  // Summaries of before there was a choice are of the head.
  by: z.enum(waysToClassify).default('head'),
  formatVersion,
  subset: z.enum(subsets),
  textModel: z.string(),
  majorityClass: z.string(),
  interval: z.strictObject({
    level: fraction,
    wilson: interval,
    byPatient: interval.nullable(),
  }),
  intervals: z.record(z.string(), metricInterval.nullable()).optional(),
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
  experimentDigest: z.string().optional(),
});

// The names and types of the figures are the registry's: `BuiltInFigures` and the schemas say the same.
const summary = shape.catchall(anyFigure) as unknown as z.ZodType<RunSummary>;

/** The keys of a summary, and of its classes, that no metric of your own may take. */
export const summaryKeys = {
  summary: Object.keys(shape.shape),
  perClass: Object.keys(classShape.shape),
} as const;

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
    `there is no such file: the run has not been evaluated yet; run \`clip-lung evaluate${by === 'head' ? '' : ` --by ${by}`}\` on it`,
  );
  return parseDigestedJson(bytes, summary, file);
}

/** Whether a summary is of its run as it is: not of fewer epochs than the run was given since. */
export function isOfRun(
  { experimentDigest: digest }: Pick<RunSummary, 'experimentDigest'>,
  record: RunRecord,
): boolean {
  const { experiments, shorter } = runOrigin(record);
  return digest === undefined
    ? shorter.size === 0
    : experiments.includes(digest);
}

const headline = z.looseObject({
  experimentDigest: shape.shape.experimentDigest,
  accuracy: fraction,
  folds: z.array(z.looseObject({ fold: count })),
});

/**
 * The accuracy of `summary.json`, and of how many folds it is. A summary of before some metric was there has it, too.
 *
 * @returns undefined where the run was not evaluated, or not since it was given more epochs
 * @throws `RunFileError` for a summary that is not as it was written
 */
export async function readTestAccuracy(
  folder: string,
  record: RunRecord,
): Promise<{ readonly accuracy: number; readonly folds: number } | undefined> {
  const file = runPaths(folder).summary;
  try {
    const bytes = await readRunFile(file, 'there is no such file');
    const found = parseDigestedJson(bytes, headline, file);
    if (!isOfRun(found, record)) return undefined;
    return { accuracy: found.accuracy, folds: found.folds.length };
  } catch (error) {
    if (error instanceof MissingRunFileError) return undefined;
    throw error;
  }
}
