import { intervalLevel } from '@clip-lung/evaluator';
import {
  builtInMetrics,
  calibrationInTheLargeMetric,
  calibrationSlopeMetric,
  type IdentifiedCases,
  type Metric,
  oneVersusRest,
  reliabilityBins,
} from '@clip-lung/metrics';

import {
  type CrossFitted,
  crossFittedTemperature,
} from '../cross-fitted-temperature.js';
import { decidedEvents, type Event } from '../events.js';
import {
  bootstrappedText,
  intervalText,
  none,
  valueText,
} from '../figure-text.js';
import { figures, figureWith } from '../figures/drawing.js';
import { reliability } from '../figures/reliability.js';
import { type MeasuredFigure, measureFigures } from '../measured-figures.js';
import { html, type Html } from '../page/html.js';
import { details, table } from '../page/table.js';
import type { ReportRun } from '../report-run.js';
import type { Section } from '../section.js';

const ofProbabilities: readonly Metric[] = builtInMetrics.filter(({ name }) =>
  ['ece', 'brier'].includes(name),
);

/** Whether probabilities are what they say. */
export const calibrationSection: Section = {
  id: 'calibration',
  title: 'Calibration',
  async render(run) {
    const scaled = crossFittedTemperature(run);
    const events = decidedEvents(run);
    const drawn = events.flatMap((event) => [
      diagram(run, event, run.tested, ['predicted', 'as predicted']),
      ...(scaled.temperatures === null
        ? []
        : [
            diagram(run, event, scaled.tested, [
              'scaled',
              'temperature scaled',
            ]),
          ]),
    ]);
    return html`<p>
        Dots are bins of a tenth each, larger where there are more nodules;
        lines are 95 % intervals by patient. Perfect calibration lies on the
        dashed line.
      </p>
      ${figures(drawn)}${temperatureText(scaled)}${await beforeAndAfter(
        run,
        scaled,
        events,
      )}`;
  },
};

function diagram(
  { key }: ReportRun,
  { index, name }: Event,
  tested: IdentifiedCases,
  [id, way]: readonly [id: string, way: string],
): Html {
  const { positive, scores } = oneVersusRest(tested.cases, index);
  const bins = reliabilityBins({
    ...{ positive, probabilities: scores, patients: tested.patients },
    level: intervalLevel,
  });
  const full = bins.filter(({ nodules }) => nodules > 0);
  const figure = {
    id: `${key}-reliability-${index}-${id}`,
    title: `Reliability, ${name}: ${way}`,
    description: `Predicted probability and observed frequency of ${full.length} bins: ${full
      .map(
        ({ predicted, observed }) =>
          `${(predicted ?? NaN).toFixed(2)} and ${(observed ?? NaN).toFixed(2)}`,
      )
      .join('; ')}.`,
  };
  return figureWith(
    reliability({ ...figure, bins }),
    figure,
    details(
      'Numbers',
      table({
        caption: figure.title,
        columns: [
          ...['bin', 'nodules', 'patients', 'predicted', 'observed'],
          '95 % band',
        ],
        rows: bins.map((bin) => [
          `${bin.low.toFixed(1)} to ${bin.high.toFixed(1)}`,
          bin.nodules,
          bin.patients,
          bin.predicted?.toFixed(3) ?? none,
          bin.observed?.toFixed(3) ?? none,
          bin.band === null
            ? none
            : intervalText(bin.band, { shownAs: 'decimal' }),
        ]),
      }),
    ),
  );
}

function temperatureText(scaled: CrossFitted): Html {
  if (scaled.temperatures === null) {
    return html`<p>No temperature scaling: ${scaled.reason}.</p>`;
  }
  return html`<p>
    Temperatures:
    ${scaled.temperatures
      .map(({ fold, temperature }) => `fold ${fold} ${temperature.toFixed(2)}`)
      .join(', ')};
    above 1 the probabilities were too extreme. A run keeps no predictions of
    validation nodules, so the temperature of a fold is fitted on what the
    models of the other folds predict for their own test patients, none of whom
    the fold tests.
  </p>`;
}

async function beforeAndAfter(
  run: ReportRun,
  scaled: CrossFitted,
  events: readonly Event[],
): Promise<Html> {
  const metrics = [
    ...ofProbabilities,
    ...events.flatMap(({ index, name }) =>
      [calibrationInTheLargeMetric(index), calibrationSlopeMetric(index)].map(
        (metric) => ({ ...metric, label: `${metric.label}, ${name}` }),
      ),
    ),
  ];
  const before = await measureFigures(metrics, run.tested, run);
  const after =
    scaled.temperatures === null
      ? undefined
      : await measureFigures(metrics, scaled.tested, run);
  const cells = (figure: MeasuredFigure): readonly string[] =>
    figure.value === null
      ? [none, `undefined where ${figure.where}`]
      : [
          valueText(figure.value, figure.metric),
          bootstrappedText(figure.bootstrapped, figure.metric),
        ];
  return table({
    caption: 'Calibration, with 95 % intervals by patient',
    columns: [
      ...['figure', 'as predicted', '95 % interval'],
      ...(after ? ['after scaling', '95 % interval'] : []),
    ],
    words: [2, 4],
    rows: before.map((figure, i) => [
      figure.metric.label,
      ...cells(figure),
      ...(after ?? []).slice(i, i + 1).flatMap(cells),
    ]),
  });
}
