import { casesOf } from '@clip-lung/evaluator';
import {
  accuracyMetric,
  aucMetric,
  type Metric,
  overFolds,
  reportMetrics,
} from '@clip-lung/metrics';
import { at } from '@clip-lung/tensor';

import { distinct, none, valueText } from '../figure-text.js';
import { html } from '../page/html.js';
import { table } from '../page/table.js';
import type { Section } from '../section.js';

/** Accuracy, those that runs are compared by, and how sure the model is. */
const shownMetrics: readonly Metric[] = reportMetrics.filter(
  ({ name, isCompared }) =>
    isCompared === true ||
    name === accuracyMetric.name ||
    name === aucMetric.name,
);

/** The figures of each fold, their mean and deviation, and those of the pooled nodules. */
export const foldsSection: Section = {
  id: 'folds',
  title: 'Folds',
  render({ record, pool: { folds, missingFolds } }) {
    const found = shownMetrics.map((metric) => ({
      metric,
      over: overFolds(
        metric,
        folds.map(({ rows }) => casesOf(record, rows)),
      ),
    }));
    const text = (value: number | null, metric: Metric): string =>
      value === null ? none : valueText(value, metric);
    return html`${table({
        caption:
          'Figures by fold; – where a class has too few nodules in a fold for the figure to be defined',
        columns: [
          'fold',
          'nodules',
          'patients',
          ...found.map(({ metric }) => metric.label),
        ],
        rows: [
          ...folds.map(({ fold, rows }, i) => [
            `fold ${fold}`,
            rows.length,
            distinct(rows.map(({ patient }) => patient)),
            ...found.map(({ metric, over }) =>
              text(at(over.perFold, i), metric),
            ),
          ]),
          ...missingFolds.map((fold) => [
            `fold ${fold}: no predictions`,
            none,
            none,
            ...found.map(() => none),
          ]),
          [
            'mean ± deviation over folds',
            '',
            '',
            ...found.map(({ metric, over: { mean, deviation } }) =>
              mean === null ? none : meanText({ mean, deviation }, metric),
            ),
          ],
          [
            'all nodules pooled',
            '',
            '',
            ...found.map(({ metric, over }) => text(over.pooled, metric)),
          ],
        ],
      })}
      <p>
        Deviations are of the sample. A mean over folds counts every fold the
        same; pooled figures count every nodule the same.
      </p>`;
  },
};

/** `63.5 ± 6.5 %`; the deviation is null for a single fold. */
function meanText(
  {
    mean,
    deviation,
  }: { readonly mean: number; readonly deviation: number | null },
  metric: Metric,
): string {
  if (deviation === null) return valueText(mean, metric);
  const first =
    metric.shownAs === 'percent' ? (100 * mean).toFixed(1) : mean.toFixed(3);
  return `${first} ± ${valueText(deviation, metric)}`;
}
