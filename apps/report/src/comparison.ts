import { intervalLevel, uniformOf } from '@clip-lung/evaluator';
import {
  holm,
  type Metric,
  type PairedDifference,
  pairedDifference,
  reportMetrics,
} from '@clip-lung/metrics';
import { at } from '@clip-lung/tensor';

import {
  bootstrappedText,
  intervalText,
  none,
  valueText,
} from './figure-text.js';
import { type MeasuredFigure, measureFigures } from './measured-figures.js';
import { html, type Html, named } from './page/html.js';
import { table } from './page/table.js';
import { pairRuns } from './paired-runs.js';
import type { ReportRun } from './report-run.js';

/** Several runs side by side, and the others' differences from the first, in pairs by nodule. */
export async function comparison(runs: readonly ReportRun[]): Promise<Html> {
  const measured: (readonly MeasuredFigure[])[] = [];
  for (const run of runs) {
    measured.push(await measureFigures(reportMetrics, run.tested, run));
  }
  const first = at(runs, 0, 'runs');
  const differences: Html[] = [];
  for (const run of runs.slice(1)) {
    differences.push(await differencesOf(first, run));
  }
  return html`${table({
    caption:
      'Figures of each run over its own test nodules, with 95 % intervals by patient',
    columns: ['figure', ...runs.map(({ name }) => named(name))],
    words: runs.map((_run, i) => i + 1),
    rows: [
      ['test nodules', ...runs.map(({ tested }) => tested.nodules.length)],
      ['folds', ...runs.map(({ pool }) => foldsText(pool))],
      ...reportMetrics.map((metric, i) => [
        metric.label,
        ...measured.map((figures) => figureText(at(figures, i))),
      ]),
    ],
  })}${differences}`;
}

function foldsText({ folds, missingFolds }: ReportRun['pool']): string {
  return missingFolds.length === 0
    ? String(folds.length)
    : `${folds.length} of ${folds.length + missingFolds.length}; missing: ${missingFolds.join(', ')}`;
}

function figureText(figure: MeasuredFigure): string {
  return figure.value === null
    ? `${none} (undefined where ${figure.where})`
    : `${valueText(figure.value, figure.metric)} (${bootstrappedText(figure.bootstrapped, figure.metric)})`;
}

async function differencesOf(first: ReportRun, run: ReportRun): Promise<Html> {
  const title = html`<h3>${named(run.name)} against ${named(first.name)}</h3>`;
  const pair = pairRuns(first, run);
  if (pair.first === null) {
    return html`${title}
      <p>Not compared: ${pair.reason}.</p>`;
  }
  const found: { metric: Metric; difference: PairedDifference }[] = [];
  for (const metric of reportMetrics) {
    const difference = await pairedDifference({
      ...{ metric, a: [pair.first], b: [pair.second] },
      ...{ random: uniformOf('comparison'), level: intervalLevel },
      pause: run.pause,
      resamples: run.resamples,
    });
    found.push({ metric, difference });
  }
  const adjusted = adjustedOf(found.map(({ difference }) => difference.pValue));
  const note = pair.leftOut === null ? null : html`<p>${pair.leftOut}.</p>`;
  return html`${title}${note}${table({
    caption:
      'Differences from the first run on the same nodules, by the paired bootstrap by patient; p by Holm over the figures of this table',
    columns: [
      'figure',
      'difference',
      '95 % interval',
      'p',
      'p, Holm',
      'better',
    ],
    words: [2, 5],
    rows: found.map(({ metric, difference }, i) => [
      metric.label,
      difference.difference === null
        ? none
        : signed(difference.difference, metric),
      difference.interval === null
        ? `none: ${difference.reason ?? 'undefined'}`
        : intervalText(difference.interval, metric),
      probabilityText(difference.pValue),
      probabilityText(at(adjusted, i)),
      typeof metric.better === 'string'
        ? metric.better
        : `near to ${metric.better.nearTo}`,
    ]),
  })}`;
}

function signed(value: number, metric: Metric): string {
  return `${value > 0 ? '+' : ''}${valueText(value, metric)}`;
}

function probabilityText(p: number | null): string {
  if (p === null) return none;
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** Holm's, of those that there are. */
function adjustedOf(
  values: readonly (number | null)[],
): readonly (number | null)[] {
  const found = holm(values.filter((p) => p !== null));
  let next = 0;
  return values.map((p) => (p === null ? null : at(found, next++)));
}
