import {
  accuracyMetric,
  bootstrap,
  type Cases,
  clusteredProportion,
  confusionMatrix,
  type Interval,
  measure,
  type Metric,
  metricFigure,
  whereUndefined,
} from '@clip-lung/metrics';
import { RandomStream } from '@clip-lung/tensor';

/** A figure with its interval, as JSON: what cannot be computed is null, with the reason. */
export interface Figure {
  readonly value: number | null;
  /** by patient */
  readonly interval: Interval | null;
  /** why the value or its interval is null, in words; null where both are there */
  readonly reason: string | null;
}

/** The figure of a metric. */
export interface MetricFigure extends Figure {
  /** the metric's name */
  readonly metric: string;
  readonly label: string;
  readonly shownAs: Metric['shownAs'];
}

/** Nodules with what was said of them, and the patient of each, [N]. */
export interface PatientCases {
  readonly cases: Cases;
  readonly patients: readonly string[];
}

export interface Resampling {
  readonly level: number;
  readonly resamples: number;
  /** lets the event loop turn, and stops when asked to */
  readonly pause: () => Promise<void>;
}

/** Patients below whose number an interval hardly tells anything. */
const fewPatients = 20;

/** What to say of figures of few patients; null where there are enough. */
export function warningOf(patients: number): string | null {
  return patients < fewPatients
    ? `${patients} ${patients === 1 ? 'patient' : 'patients'}, fewer than ${fewPatients}: too few to tell`
    : null;
}

export function countPatients(patients: readonly string[]): number {
  return new Set(patients).size;
}

/** Answers of a classifier that gives no probabilities, such as a reader: each is as good as certain. */
export function certainCases(
  classes: readonly string[],
  areOrdered: boolean,
  answers: readonly { readonly label: number; readonly answer: number }[],
): Cases {
  const labels = answers.map(({ label }) => label);
  const predictions = answers.map(({ answer }) => answer);
  return {
    ...{ classes, areOrdered, labels, predictions },
    probabilities: predictions.map((answer) =>
      classes.map((_name, k) => Number(k === answer)),
    ),
    confusion: confusionMatrix(labels, predictions, classes.length),
  };
}

/** Each metric of the same nodules; of none, all are null. */
export async function figuresOf(
  metrics: readonly Metric[],
  of: PatientCases | null,
  resampling: Resampling,
): Promise<readonly MetricFigure[]> {
  const figures: MetricFigure[] = [];
  for (const metric of metrics) {
    const { name, label, shownAs } = metric;
    const figure =
      of === null
        ? { value: null, interval: null, reason: 'there are no nodules' }
        : await figureOf(metric, of, resampling);
    figures.push({ metric: name, label, shownAs, ...figure });
    await resampling.pause();
  }
  return figures;
}

async function figureOf(
  metric: Metric,
  { cases, patients }: PatientCases,
  { level, resamples, pause }: Resampling,
): Promise<Figure> {
  const { value } = measure(metric, cases);
  if (value === null) {
    return { value, interval: null, reason: whyUndefined(metric) };
  }
  if (metric.name === accuracyMetric.name) {
    // Groups are small: where all of one are right, drawing its patients again would give an interval without a width.
    const right = cases.labels.map(
      (label, i) => label === cases.predictions[i],
    );
    const { interval } = clusteredProportion(right, patients, level);
    const reason = interval === null ? onePatient : null;
    return { value, interval, reason };
  }
  const random = new RandomStream(1, 'analysis', metric.name);
  const bootstrapped = await bootstrap(metricFigure(metric, cases, patients), {
    ...{ level, resamples, pause },
    random: () => random.uniform(),
  });
  return { value, ...toldInterval(bootstrapped) };
}

const onePatient = 'there is one patient, expected at least 2';

function whyUndefined(metric: Metric): string {
  return `there is no ${metric.label} where ${whereUndefined(metric) ?? 'there is nothing to compute it from'}`;
}

/** An interval without a width says that the nodules do not vary, not that the figure is certain. */
export function toldInterval(found: {
  readonly interval: Interval | null;
  readonly reason?: string | undefined;
}): Pick<Figure, 'interval' | 'reason'> {
  const { interval, reason } = found;
  if (interval === null) {
    return { interval, reason: reason ?? 'the interval cannot be computed' };
  }
  if (interval.low === interval.high) {
    return {
      interval: null,
      reason: 'all resamples of the patients give the same figure',
    };
  }
  return { interval, reason: null };
}
