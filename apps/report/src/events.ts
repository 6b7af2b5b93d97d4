import { oneVersusRest } from '@clip-lung/metrics';

import type { ReportRun } from './report-run.js';

/** A class against the rest, as what may happen to a nodule. */
export interface Event {
  /** of the class */
  readonly index: number;
  readonly name: string;
  /** which of the N nodules are of it, and its probabilities, [N] */
  readonly positive: readonly boolean[];
  readonly scores: readonly number[];
}

/** Every class against the rest. */
export function allEvents({ tested: { cases } }: ReportRun): readonly Event[] {
  return cases.classes.map((name, index) => ({
    index,
    name,
    ...oneVersusRest(cases, index),
  }));
}

/** What a decision is about: the last of ordered classes, as "malignant" is; of others, each. */
export function decidedEvents(run: ReportRun): readonly Event[] {
  const all = allEvents(run);
  return run.tested.cases.areOrdered ? all.slice(-1) : all;
}
