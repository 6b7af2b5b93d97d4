import {
  type IdentifiedCases,
  type Metric,
  pairedDifference,
} from '@clip-lung/metrics';

import {
  certainCases,
  countPatients,
  type Figure,
  figuresOf,
  type MetricFigure,
  type Resampling,
  toldInterval,
  warningOf,
} from './figure.js';

/** What a reader and the model said of one nodule, held against the same label. */
export interface Judgement {
  readonly nodule: string;
  readonly patient: string;
  /** the reader's place among the nodule's ratings, from 1 */
  readonly reader: number;
  /** class indices */
  readonly label: number;
  readonly ofReader: number;
  readonly ofModel: number;
}

/** One metric of readers and of the model, over the same judgements. */
export interface BesideFigure
  extends Pick<MetricFigure, 'metric' | 'label' | 'shownAs'> {
  readonly readers: Figure;
  readonly model: Figure;
  /** the model's less the readers', in pairs by patient */
  readonly difference: Figure & {
    /** of no difference, two-sided; null where there is no interval */
    readonly pValue: number | null;
  };
}

/** Readers beside the model. */
export interface Beside {
  readonly judgements: number;
  readonly nodules: number;
  readonly patients: number;
  readonly figures: readonly BesideFigure[];
  /** what to say of few patients */
  readonly warning: string | null;
}

export interface JudgedClasses {
  readonly classes: readonly string[];
  readonly areOrdered: boolean;
}

/** @param judgements at least one */
export async function besideModel(
  metrics: readonly Metric[],
  judgements: readonly Judgement[],
  { classes, areOrdered }: JudgedClasses,
  resampling: Resampling,
): Promise<Beside> {
  const patients = judgements.map(({ patient }) => patient);
  const of = (answerOf: (one: Judgement) => number): IdentifiedCases => ({
    patients,
    nodules: judgements.map(({ nodule, reader }) => `${nodule} ${reader}`),
    cases: certainCases(
      classes,
      areOrdered,
      judgements.map((one) => ({ label: one.label, answer: answerOf(one) })),
    ),
  });
  const readers = of(({ ofReader }) => ofReader);
  const model = of(({ ofModel }) => ofModel);
  const figures: BesideFigure[] = [];
  for (const metric of metrics) {
    const { name, label, shownAs } = metric;
    const [ofReaders] = await figuresOf([metric], readers, resampling);
    const [ofModel] = await figuresOf([metric], model, resampling);
    if (ofReaders === undefined || ofModel === undefined) continue;
    figures.push({
      ...{ metric: name, label, shownAs },
      readers: plain(ofReaders),
      model: plain(ofModel),
      difference: await differenceOf(metric, { readers, model }, resampling),
    });
  }
  const count = countPatients(patients);
  return {
    judgements: judgements.length,
    nodules: new Set(judgements.map(({ nodule }) => nodule)).size,
    patients: count,
    figures,
    warning: warningOf(count),
  };
}

async function differenceOf(
  metric: Metric,
  {
    readers,
    model,
  }: { readonly readers: IdentifiedCases; readonly model: IdentifiedCases },
  { level, resamples, pause }: Resampling,
): Promise<BesideFigure['difference']> {
  const { difference, pValue, interval, reason } = await pairedDifference({
    ...{ metric, level, resamples, pause },
    a: [readers],
    b: [model],
  });
  const told = toldInterval({ interval, reason });
  return {
    value: difference,
    ...told,
    pValue: told.interval === null ? null : pValue,
  };
}

function plain({ value, interval, reason }: MetricFigure): Figure {
  return { value, interval, reason };
}
