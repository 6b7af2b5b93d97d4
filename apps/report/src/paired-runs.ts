import { identifiedCases } from '@clip-lung/evaluator';
import type { IdentifiedCases } from '@clip-lung/metrics';
import type { PredictionRow } from '@clip-lung/run';
import { at } from '@clip-lung/tensor';

import { counted } from './figure-text.js';
import type { ReportRun } from './report-run.js';

/** Two runs on the nodules that both were tested on. */
export type PairedRuns =
  | {
      readonly first: IdentifiedCases;
      readonly second: IdentifiedCases;
      /** which nodules only one of them was tested on, in words; null where none is */
      readonly leftOut: string | null;
    }
  | {
      readonly first: null;
      /** why they do not pair, in words */
      readonly reason: string;
    };

/** Pairs runs by nodule; they may have divided them into folds in different ways. */
export function pairRuns(first: ReportRun, second: ReportRun): PairedRuns {
  const [a, b] = [first.record.classes, second.record.classes];
  if (a.length !== b.length || a.some((name, k) => name !== b[k])) {
    return {
      first: null,
      reason: `their classes are ${a.join(', ')} and ${b.join(', ')}`,
    };
  }
  const ofSecond = new Map(second.pool.rows.map((row) => [row.nodule, row]));
  const pairs = first.pool.rows
    .flatMap((row) => {
      const other = ofSecond.get(row.nodule);
      return other === undefined ? [] : [[row, other] as const];
    })
    .sort(([{ nodule: one }], [{ nodule: other }]) => (one < other ? -1 : 1));
  if (pairs.length === 0) {
    return { first: null, reason: 'they have no test nodule in common' };
  }
  const odd = pairs.find(
    ([row, other]) =>
      row.label !== other.label || row.patient !== other.patient,
  );
  if (odd !== undefined) {
    const says = ({ label, patient }: PredictionRow): string =>
      `${at(a, label, 'classes')}, patient ${patient}`;
    return {
      first: null,
      reason: `nodule "${odd[0].nodule}" is ${says(odd[0])} in the one and ${says(odd[1])} in the other`,
    };
  }
  const onlyFirst = first.pool.rows.length - pairs.length;
  const onlySecond = second.pool.rows.length - pairs.length;
  return {
    first: identifiedCases(
      first.record,
      pairs.map(([row]) => row),
    ),
    second: identifiedCases(
      second.record,
      pairs.map(([, row]) => row),
    ),
    leftOut:
      onlyFirst + onlySecond === 0
        ? null
        : `compared on the ${counted(pairs.length, 'nodule')} of both; ${onlyFirst} only of “${first.name}” and ${onlySecond} only of “${second.name}” are left out${examplesOf(first, second)}`,
  };
}

/** The first few nodules that one run alone was tested on. */
function examplesOf(first: ReportRun, second: ReportRun): string {
  const only = (one: ReportRun, other: ReportRun): readonly string[] => {
    const known = new Set(other.tested.nodules);
    return one.tested.nodules.filter((nodule) => !known.has(nodule));
  };
  const all = [...only(first, second), ...only(second, first)];
  return ` (${all.slice(0, 5).join(', ')}${all.length > 5 ? ', …' : ''})`;
}
