import { type DatasetNodule, labelStatisticOf, ruleOf } from '@clip-lung/data';
import {
  labelOf,
  type LabelStatistic,
  labelStatistics,
  type Rule,
  rules,
} from '@clip-lung/lidc';
import {
  accuracyMetric,
  aucMetric,
  f1Metric,
  majorityAccuracy,
  type Metric,
  quadraticKappaMetric,
} from '@clip-lung/metrics';

import { casesOf } from '../evaluate.js';
import {
  countPatients,
  figuresOf,
  type MetricFigure,
  type Resampling,
  warningOf,
} from './figure.js';
import type { LeftOut } from './readers.js';
import type { TestedRun } from './tested-run.js';

/** By what readers' ratings become a dataset's labels. */
export interface LabellingRule {
  /** nodules of fewer readers are left out */
  readonly minReaders: number;
  readonly statistic: LabelStatistic;
  readonly rule: Rule;
}

/** The predictions of a run, scored by the labels of one rule. */
export interface RuleScores extends LabellingRule {
  /** whether it is the rule that the dataset was made by */
  readonly isOfDataset: boolean;
  /** tested nodules that the rule keeps */
  readonly nodules: number;
  readonly patients: number;
  /** of each class, in their order, [K] */
  readonly support: readonly number[];
  /** tested nodules that the rule leaves out */
  readonly leftOut: {
    readonly tooFewReaders: number;
    /** the rule gives them a class that the run is not tested on, such as unsure in subset C */
    readonly otherClass: number;
  };
  /** nodules of the dataset that the rule would have tested, and that were not */
  readonly untested: number;
  /** of always giving the most frequent class of these nodules; null of none */
  readonly majority: number | null;
  readonly figures: readonly MetricFigure[];
  readonly warning: string | null;
}

export interface LabellingRules {
  readonly rules: readonly RuleScores[];
  /** readers that every nodule of the dataset has at least: rules that ask for fewer find no others here */
  readonly minReaders: number;
}

const measured = [
  accuracyMetric,
  f1Metric,
  aucMetric,
  quadraticKappaMetric,
] as const satisfies readonly Metric[];

/** The rules of docs/data.md. */
export const labellingRules: readonly LabellingRule[] = [1, 2, 3, 4].flatMap(
  (minReaders) =>
    labelStatistics.flatMap((statistic) =>
      rules.map((rule) => ({ minReaders, statistic, rule })),
    ),
);

/** Scores the same predictions under every rule. Touches no file. */
export async function scoreByRules(
  run: TestedRun,
  resampling: Resampling,
): Promise<LabellingRules | LeftOut> {
  const { source } = run.dataset.manifest;
  if (source.name !== 'lidc' || ruleOf(run.dataset.manifest) === undefined) {
    return {
      leftOut: `the dataset's source, ${source.name}, brings its labels, and no ratings to make others of`,
    };
  }
  const { minReaders, label: statistic } = source.options;
  const own = { minReaders, statistic, rule: source.rule };
  const found: RuleScores[] = [];
  for (const rule of labellingRules) {
    found.push({
      ...rule,
      isOfDataset:
        rule.minReaders === own.minReaders &&
        rule.statistic === own.statistic &&
        rule.rule === own.rule,
      ...(await scoreByRule(rule, run, resampling)),
    });
  }
  return { rules: found, minReaders };
}

async function scoreByRule(
  rule: LabellingRule,
  { record, dataset, tested, testedClasses }: TestedRun,
  resampling: Resampling,
): Promise<Omit<RuleScores, keyof LabellingRule | 'isOfDataset'>> {
  const enough = tested.filter(
    ({ nodule }) => nodule.readers >= rule.minReaders,
  );
  const kept = enough
    .map(({ row, nodule }) => ({ row, label: labelBy(rule, nodule) }))
    .filter(({ label }) => testedClasses.includes(label));
  const rows = kept.map(({ row, label }) => ({
    ...row,
    label: record.classes.indexOf(label),
  }));
  const patients = rows.map(({ patient }) => patient);
  const count = countPatients(patients);
  const cases = rows.length === 0 ? null : casesOf(record, rows);
  const there = new Set(tested.map(({ nodule }) => nodule));
  const untested = dataset.nodules.filter(
    (nodule) =>
      !there.has(nodule) &&
      nodule.readers >= rule.minReaders &&
      testedClasses.includes(labelBy(rule, nodule)),
  );
  return {
    nodules: rows.length,
    patients: count,
    support: record.classes.map(
      (_name, k) => rows.filter(({ label }) => label === k).length,
    ),
    leftOut: {
      tooFewReaders: tested.length - enough.length,
      otherClass: enough.length - kept.length,
    },
    untested: untested.length,
    majority: cases === null ? null : majorityAccuracy(cases.labels),
    figures: await figuresOf(
      measured,
      cases && { cases, patients },
      resampling,
    ),
    warning: warningOf(count),
  };
}

function labelBy(
  { statistic, rule }: LabellingRule,
  { malignancyRatings }: DatasetNodule,
): string {
  return labelOf(labelStatisticOf(malignancyRatings, statistic), rule);
}
