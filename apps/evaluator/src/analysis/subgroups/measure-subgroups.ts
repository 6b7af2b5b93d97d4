import { ruleOf } from '@clip-lung/data';
import {
  accuracyMetric,
  aucMetric,
  f1Metric,
  type Metric,
} from '@clip-lung/metrics';

import { casesOf } from '../../evaluate.js';
import {
  countPatients,
  figuresOf,
  type MetricFigure,
  type Resampling,
  warningOf,
} from '../figure.js';
import type { LeftOut } from '../readers.js';
import type { TestedNodule, TestedRun } from '../tested-run.js';
import type { Subgroup } from './subgroup.js';

/** The tested nodules of one group. */
export interface Group {
  readonly group: string;
  readonly nodules: number;
  readonly patients: number;
  /** nodules of each class, in their order, [K]: groups with other shares of the classes are not equally hard */
  readonly support: readonly number[];
  readonly figures: readonly MetricFigure[];
  /** what to say of few patients */
  readonly warning: string | null;
}

/** What one subgroup finds; `groups` without nodules are not among them. */
export type SubgroupFigures = {
  readonly name: string;
  readonly label: string;
  /** where the borders come from, or what the groups mean */
  readonly about: string | null;
} & (
  | LeftOut
  | {
      readonly groups: readonly Group[];
      /** tested nodules that are in no group, by the reason */
      readonly unknown: readonly {
        readonly reason: string;
        readonly nodules: number;
      }[];
    }
);

const measured = [
  accuracyMetric,
  f1Metric,
  aucMetric,
] as const satisfies readonly Metric[];

/** Measures each group of each subgroup. Touches no file. */
export async function measureSubgroups(
  subgroups: readonly Subgroup[],
  run: TestedRun,
  resampling: Resampling,
): Promise<readonly SubgroupFigures[]> {
  const found: SubgroupFigures[] = [];
  for (const subgroup of subgroups) {
    found.push(await measureSubgroup(subgroup, run, resampling));
  }
  return found;
}

async function measureSubgroup(
  subgroup: Subgroup,
  { record, dataset, tested }: TestedRun,
  resampling: Resampling,
): Promise<SubgroupFigures> {
  const { name, label, about = null } = subgroup;
  const rule = ruleOf(dataset.manifest);
  const members = new Map<string, TestedNodule[]>();
  const reasons = new Map<string, number>();
  for (const one of tested) {
    const { nodule, scan } = one;
    const grouped = subgroup.groupOf({ nodule, scan, rule });
    if ('unknown' in grouped) {
      const { unknown } = grouped;
      reasons.set(unknown, (reasons.get(unknown) ?? 0) + 1);
      continue;
    }
    const list = members.get(grouped.group);
    if (list) list.push(one);
    else members.set(grouped.group, [one]);
  }
  const described = { name, label, about };
  if (members.size === 0) {
    return { ...described, leftOut: [...reasons.keys()].join('; ') };
  }
  const groups: Group[] = [];
  for (const group of inOrder(subgroup, members)) {
    const nodules = members.get(group);
    if (nodules === undefined) continue;
    const rows = nodules.map(({ row }) => row);
    const cases = casesOf(record, rows);
    const patients = rows.map(({ patient }) => patient);
    const count = countPatients(patients);
    groups.push({
      group,
      nodules: rows.length,
      patients: count,
      support: cases.confusion.map((row) => row.reduce((a, b) => a + b, 0)),
      figures: await figuresOf(measured, { cases, patients }, resampling),
      warning: warningOf(count),
    });
  }
  const unknown = [...reasons].map(([reason, nodules]) => ({
    reason,
    nodules,
  }));
  return { ...described, groups, unknown };
}

function inOrder(
  { groups }: Subgroup,
  members: ReadonlyMap<string, unknown>,
): readonly string[] {
  if (groups !== undefined) return groups;
  return [...members.keys()].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
}
