import { bootstrapByPatient } from '@clip-lung/evaluator';
import {
  type Bootstrapped,
  type IdentifiedCases,
  measure,
  type Metric,
  whereUndefined,
} from '@clip-lung/metrics';

import type { ReportRun } from './report-run.js';

/** A figure of a run with its interval. */
export type MeasuredFigure = {
  readonly metric: Metric;
} & (
  | { readonly value: number; readonly bootstrapped: Bootstrapped }
  | {
      readonly value: null;
      /** why, in words that follow "undefined where" */
      readonly where: string;
    }
);

/** Measures nodules by several metrics, each with its interval by patient. */
export async function measureFigures(
  metrics: readonly Metric[],
  { cases, patients }: IdentifiedCases,
  { pause, resamples }: Pick<ReportRun, 'pause' | 'resamples'>,
): Promise<readonly MeasuredFigure[]> {
  const found: MeasuredFigure[] = [];
  for (const metric of metrics) {
    await pause();
    const { value } = measure(metric, cases);
    found.push(
      value === null
        ? {
            metric,
            value,
            where:
              whereUndefined(metric) ?? 'there is nothing to compute it from',
          }
        : {
            metric,
            value,
            bootstrapped: await bootstrapByPatient(metric, {
              ...{ cases, patients, pause, resamples },
            }),
          },
    );
  }
  return found;
}
