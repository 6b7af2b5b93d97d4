import { intervalLevel, uniformOf } from '@clip-lung/evaluator';
import {
  averagePrecision,
  type BandPoint,
  binaryAuc,
  type CurveBandOptions,
  precisionRecallBands,
  precisionRecallCurve,
  rocBands,
  rocCurve,
} from '@clip-lung/metrics';

import { allEvents, type Event } from '../events.js';
import { intervalText, none } from '../figure-text.js';
import { bandCurve, withoutCollinear } from '../figures/band-curve.js';
import { figures, figureWith } from '../figures/drawing.js';
import { html, type Html } from '../page/html.js';
import { details, table } from '../page/table.js';
import type { ReportRun } from '../report-run.js';
import type { Section } from '../section.js';

const places = Array.from({ length: 51 }, (_, i) => i / 50);

/** How well probabilities part a class from the rest, at every threshold. */
export const discriminationSection: Section = {
  id: 'discrimination',
  title: 'ROC and precision–recall',
  async render(run) {
    const drawn: Html[] = [];
    for (const event of allEvents(run)) drawn.push(await rocOf(run, event));
    for (const event of allEvents(run)) {
      drawn.push(await precisionRecallOf(run, event));
    }
    return html`<p>
        Each class against the rest, over the test nodules of all folds. Bands
        are pointwise 95 % intervals by patient; the dashed line is what chance
        reaches.
      </p>
      ${figures(drawn)}`;
  },
};

/** A class that all nodules have, or none, has no curve. */
function withoutCurve(title: string, why: string): Html {
  return html`<figure>
    <figcaption>${title}</figcaption>
    <p>Undefined: ${why}.</p>
  </figure>`;
}

function bandOptions(
  { tested: { patients }, pause, resamples }: ReportRun,
  event: Event,
): CurveBandOptions {
  return {
    ...{ positive: event.positive, scores: event.scores, patients, places },
    ...{ level: intervalLevel, pause, resamples, random: uniformOf('curves') },
  };
}

async function rocOf(run: ReportRun, event: Event): Promise<Html> {
  const { positive, scores, name, index } = event;
  const curve = rocCurve(positive, scores);
  const auc = binaryAuc(positive, scores);
  const bands = await rocBands(bandOptions(run, event));
  if (curve === undefined || auc === undefined || bands === undefined) {
    return withoutCurve(
      `ROC, ${name}`,
      `${positive.includes(true) ? 'all' : 'none'} of the nodules are of this class`,
    );
  }
  const figure = {
    id: `${run.key}-roc-${index}`,
    title: `ROC, ${name} (AUC ${auc.toFixed(3)})`,
    description: `The area under the curve is ${auc.toFixed(3)}; at a false positive rate of 0.1 the sensitivity is ${valueAt(bands, 0.1)}, at 0.2 ${valueAt(bands, 0.2)}.`,
  };
  const svg = bandCurve({
    ...figure,
    axes: ['false positive rate (1 − specificity)', 'sensitivity'],
    curve: withoutCollinear(
      curve.map(({ sensitivity, specificity }) => ({
        x: 1 - specificity,
        y: sensitivity,
      })),
    ),
    joined: 'lines',
    bands,
    chance: [
      [0, 0],
      [1, 1],
    ],
  });
  return figureWith(
    svg,
    figure,
    numbers(bands, figure.title, ['false positive rate', 'sensitivity']),
  );
}

async function precisionRecallOf(run: ReportRun, event: Event): Promise<Html> {
  const { positive, scores, name, index } = event;
  const points = precisionRecallCurve(positive, scores);
  const area = averagePrecision(positive, scores);
  const bands = await precisionRecallBands(bandOptions(run, event));
  const [first] = points ?? [];
  if (first === undefined || area === undefined || bands === undefined) {
    return withoutCurve(
      `Precision–recall, ${name}`,
      'none of the nodules is of this class',
    );
  }
  const part = positive.filter(Boolean).length / positive.length;
  const figure = {
    id: `${run.key}-precision-recall-${index}`,
    title: `Precision–recall, ${name} (AP ${area.toFixed(3)})`,
    description: `The average precision is ${area.toFixed(3)}, where chance reaches ${part.toFixed(3)}; at a recall of 0.5 the precision is ${valueAt(bands, 0.5)}, at 0.9 ${valueAt(bands, 0.9)}.`,
  };
  const svg = bandCurve({
    ...figure,
    axes: ['recall (sensitivity)', 'precision'],
    curve: withoutCollinear([
      { x: 0, y: first.precision },
      ...(points ?? []).map(({ recall, precision }) => ({
        x: recall,
        y: precision,
      })),
    ]),
    joined: 'steps',
    bands,
    chance: [
      [0, part],
      [1, part],
    ],
  });
  return figureWith(
    svg,
    figure,
    numbers(bands, figure.title, ['recall', 'precision']),
  );
}

function valueAt(bands: readonly BandPoint[], place: number): string {
  return bands.find((point) => point.place === place)?.value.toFixed(3) ?? none;
}

/** Every fifth place, for those who read numbers. */
function numbers(
  bands: readonly BandPoint[],
  title: string,
  [place, value]: readonly [string, string],
): Html {
  return details(
    'Numbers',
    table({
      caption: title,
      columns: [place, value, '95 % band'],
      rows: bands
        .filter((_point, i) => i % 5 === 0)
        .map(({ place: at, value: reached, band }) => [
          at.toFixed(1),
          reached.toFixed(3),
          band === null ? none : intervalText(band, { shownAs: 'decimal' }),
        ]),
    }),
  );
}
