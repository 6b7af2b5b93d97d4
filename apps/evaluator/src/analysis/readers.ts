import { labelStatisticOf, ruleOf } from '@clip-lung/data';
import {
  labelOf,
  labels,
  type LabelStatistic,
  type Rule,
} from '@clip-lung/lidc';
import {
  accuracyMetric,
  f1Metric,
  kappaMetric,
  meanAbsoluteErrorMetric,
  type Metric,
  quadraticKappaMetric,
} from '@clip-lung/metrics';

import type { Resampling } from './figure.js';
import {
  type Beside,
  besideModel,
  type JudgedClasses,
  type Judgement,
} from './judgements.js';
import type { TestedNodule, TestedRun } from './tested-run.js';

/** Readers and the model beside each other: over all readers, and for each place among a nodule's ratings. */
export interface JudgedAlike {
  /** a nodule counts once for each judgement of it */
  readonly pooled: Beside;
  /** `reader` is a place, from 1, not a person */
  readonly perReader: readonly (Beside & { readonly reader: number })[];
}

/** How good readers are, measured as the model is. */
export interface Readers {
  /** by what the others' ratings become a label: the dataset's rule */
  readonly statistic: LabelStatistic;
  readonly rule: Rule;
  /** tested nodules that two readers or more have rated */
  readonly nodules: number;
  /** tested nodules left out: a single rating */
  readonly singleRating: number;
  /** each reader left out against the label of the others; the model against the same labels */
  readonly againstOthers: JudgedAlike & {
    /** judgements left out: the reader's class, or the others' label, is none that the run tells apart */
    readonly otherClass: number;
  };
  /** each reader against each other one, and the model against the same readers */
  readonly agreement: JudgedAlike & { readonly otherClass: number };
  /** what to bear in mind */
  readonly notes: readonly string[];
}

/** A part of an analysis that cannot be made of this run. */
export interface LeftOut {
  /** why, in words */
  readonly leftOut: string;
}

const againstLabel = [
  accuracyMetric,
  f1Metric,
  quadraticKappaMetric,
  meanAbsoluteErrorMetric,
] as const satisfies readonly Metric[];

const ofAgreement = [
  kappaMetric,
  quadraticKappaMetric,
] as const satisfies readonly Metric[];

/** Measures readers against each other, and the model against the same. Touches no file. */
export async function measureReaders(
  { record, dataset, tested }: TestedRun,
  resampling: Resampling,
): Promise<Readers | LeftOut> {
  const { source } = dataset.manifest;
  const rule = ruleOf(dataset.manifest);
  if (source.name !== 'lidc' || rule === undefined) {
    return {
      leftOut: `the dataset's source, ${source.name}, does not tell what each reader says`,
    };
  }
  const { classes, ordered = true, data } = record;
  if (!classes.every((name) => labels.some((label) => label === name))) {
    return {
      leftOut: `the run's classes are ${classes.join(', ')}, and malignancy is rated as ${labels.join(', ')}`,
    };
  }
  const { label: statistic } = source.options;
  const several = tested.filter(
    ({ nodule }) => nodule.malignancyRatings.length > 1,
  );
  const judging = { classes, areOrdered: ordered, rule, statistic };
  const againstOthers = classed(several, leaveOneOut, judging);
  const agreement = classed(several, eachWithEach, judging);
  if (againstOthers.kept.length === 0 || agreement.kept.length === 0) {
    return {
      leftOut:
        'no tested nodule has ratings of two readers that are classes of the run',
    };
  }
  return {
    ...{ statistic, rule },
    nodules: several.length,
    singleRating: tested.length - several.length,
    againstOthers: {
      otherClass: againstOthers.otherClass,
      ...(await judgedAlike(
        againstLabel,
        againstOthers.kept,
        judging,
        resampling,
      )),
    },
    agreement: {
      otherClass: agreement.otherClass,
      ...(await judgedAlike(ofAgreement, agreement.kept, judging, resampling)),
    },
    notes: notesOf(data),
  };
}

interface Judging extends JudgedClasses {
  readonly rule: Rule;
  readonly statistic: LabelStatistic;
}

/** What a reader is held against, and what it says, as malignancies from 1 to 5. */
interface Ratings {
  readonly reader: number;
  readonly own: number;
  readonly others: number;
}

/** Each reader, and what the ratings of all others are together. */
function leaveOneOut(
  ratings: readonly number[],
  { statistic }: Judging,
): readonly Ratings[] {
  return ratings.map((own, place) => ({
    ...{ own, reader: place + 1 },
    others: labelStatisticOf(ratings.toSpliced(place, 1), statistic),
  }));
}

/** Each reader against each other one: both ways, since neither is the truth. */
function eachWithEach(ratings: readonly number[]): readonly Ratings[] {
  return ratings.flatMap((others, place) =>
    ratings
      .toSpliced(place, 1)
      .map((own) => ({ own, others, reader: place + 1 })),
  );
}

/** The judgements of which both sides are classes of the run, and how many are not. */
function classed(
  nodules: readonly TestedNodule[],
  judge: (ratings: readonly number[], judging: Judging) => readonly Ratings[],
  judging: Judging,
): { readonly kept: readonly Judgement[]; readonly otherClass: number } {
  const { classes, rule } = judging;
  const all = nodules.flatMap(({ row, nodule }) =>
    judge(nodule.malignancyRatings, judging).map(
      ({ reader, own, others }): Judgement => ({
        ...{ nodule: row.nodule, patient: row.patient, reader },
        label: classes.indexOf(labelOf(others, rule)),
        ofReader: classes.indexOf(labelOf(own, rule)),
        ofModel: row.prediction,
      }),
    ),
  );
  const kept = all.filter(({ label, ofReader }) => label >= 0 && ofReader >= 0);
  return { kept, otherClass: all.length - kept.length };
}

async function judgedAlike(
  metrics: readonly Metric[],
  judgements: readonly Judgement[],
  classes: JudgedClasses,
  resampling: Resampling,
): Promise<JudgedAlike> {
  const places = [...new Set(judgements.map(({ reader }) => reader))].sort(
    (a, b) => a - b,
  );
  const perReader: JudgedAlike['perReader'][number][] = [];
  for (const reader of places) {
    const own = judgements.filter((one) => one.reader === reader);
    const beside = await besideModel(metrics, own, classes, resampling);
    perReader.push({ reader, ...beside });
  }
  return {
    pooled: await besideModel(metrics, judgements, classes, resampling),
    perReader,
  };
}

function notesOf({
  collection,
  subset,
}: TestedRun['record']['data']): readonly string[] {
  return [
    ...(collection === 'phantom'
      ? ['readers are simulated, and rate without seeing each other’s marks']
      : [
          'readers are anonymous, and not the same persons for all scans: reader 1 is the first rating of a nodule in its annotation file',
          'readers saw each other’s marks before they rated: their agreement is above that of independent ones',
        ]),
    ...(subset === 'A'
      ? []
      : [
          'which nodules are tested follows from the label of all readers, the one who is left out among them',
        ]),
  ];
}
