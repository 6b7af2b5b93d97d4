import {
  bootstrap,
  type Bootstrapped,
  type Cases,
  type Metric,
  metricFigure,
} from '@clip-lung/metrics';
import { RandomStream } from '@clip-lung/tensor';

/** So that the same predictions always give the same interval. */
const bootstrapSeed = 1;

/** Of all intervals of an evaluation. */
export const intervalLevel = 0.95;

/** Uniform numbers in [0, 1), the same in each evaluation. @param use what they are drawn for */
export function uniformOf(use: string): () => number {
  const random = new RandomStream(bootstrapSeed, 'evaluation', use);
  return () => random.uniform();
}

export interface ResampledCases {
  readonly cases: Cases;
  /** of each nodule, [N] */
  readonly patients: readonly string[];
  /** 2000 by default */
  readonly resamples?: number | undefined;
  /** lets the event loop turn */
  readonly pause: () => Promise<void>;
}

/** The interval of a metric, by drawing patients again; null, with the reason, where there is none. */
export function bootstrapByPatient(
  metric: Metric,
  { cases, patients, resamples, pause }: ResampledCases,
): Promise<Bootstrapped> {
  return bootstrap(metricFigure(metric, cases, patients), {
    random: uniformOf('bootstrap'),
    level: intervalLevel,
    pause,
    ...(resamples !== undefined && { resamples }),
  });
}
