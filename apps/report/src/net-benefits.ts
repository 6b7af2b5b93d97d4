import { bootstrapByPatient } from '@clip-lung/evaluator';
import {
  decisionCurve,
  type Interval,
  type NetBenefit,
  netBenefitMetric,
} from '@clip-lung/metrics';

import type { Event } from './events.js';
import type { ReportRun } from './report-run.js';

/** A decision curve at one threshold. */
export interface BenefitPoint extends NetBenefit {
  /** of the model's, by patient; null where there is none */
  readonly band: Interval | null;
}

const thresholds = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/** The net benefit of treating an event, at thresholds from 5 to 95 %. */
export async function netBenefits(
  { tested: { cases, patients }, pause, resamples }: ReportRun,
  { index, positive, scores }: Event,
): Promise<readonly BenefitPoint[]> {
  const points: BenefitPoint[] = [];
  for (const point of decisionCurve(positive, scores, thresholds)) {
    const { threshold } = point;
    const { interval } = await bootstrapByPatient(
      netBenefitMetric({ positiveClass: index, threshold }),
      { cases, patients, pause, resamples },
    );
    points.push({ ...point, band: interval });
  }
  return points;
}
