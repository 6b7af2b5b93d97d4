import { bootstrapByPatient, percent } from '@clip-lung/evaluator';
import {
  accuracyMetric,
  classScores,
  majorityAccuracy,
  majorityClass,
  oneVersusRestAuc,
  reportMetrics,
  wilsonInterval,
} from '@clip-lung/metrics';
import { at } from '@clip-lung/tensor';

import {
  bootstrappedText,
  counted,
  distinct,
  intervalText,
  none,
  valueText,
} from '../figure-text.js';
import { measureFigures } from '../measured-figures.js';
import { html, type Html, named } from '../page/html.js';
import { table } from '../page/table.js';
import type { ReportRun } from '../report-run.js';
import type { Section } from '../section.js';

/** How good it is, against what answering without looking would give. */
export const summarySection: Section = {
  id: 'summary',
  title: 'Summary',
  async render(run) {
    const figures = await measureFigures(reportMetrics, run.tested, run);
    return html`${await headline(run)}
    ${table({
      caption: `Figures over all test nodules, with 95 % intervals by patient (percentile bootstrap, ${run.resamples} resamples)`,
      columns: ['figure', 'value', '95 % interval', 'better'],
      words: [2, 3],
      rows: figures.map((figure) => {
        const { metric } = figure;
        const { better } = metric;
        return [
          metric.label,
          figure.value === null ? none : valueText(figure.value, metric),
          figure.value === null
            ? `undefined where ${figure.where}`
            : bootstrappedText(figure.bootstrapped, metric),
          typeof better === 'string' ? better : `near to ${better.nearTo}`,
        ];
      }),
    })}
    ${classTable(run)}`;
  },
};

async function headline({
  tested,
  pause,
  resamples,
}: ReportRun): Promise<Html> {
  const { cases, patients } = tested;
  const { labels, predictions, classes } = cases;
  const right = labels.filter((label, i) => label === predictions[i]).length;
  const n = labels.length;
  const byPatient = await bootstrapByPatient(accuracyMetric, {
    ...{ cases, patients, pause, resamples },
  });
  const majority = at(classes, majorityClass(labels), 'classes');
  return html`<p class="headline">
      Accuracy <strong>${percent(right / n)}</strong> (${byPatient.interval ===
      null
        ? `no interval by patient: ${byPatient.reason}`
        : `95 % interval by patient ${intervalText(byPatient.interval, accuracyMetric)}`});
      always answering “${named(majority)}”, the most frequent class, gives
      ${percent(majorityAccuracy(labels))}.
    </p>
    <p>
      ${counted(right, 'right answer')} for ${counted(n, 'nodule')} of
      ${counted(distinct(patients), 'patient')}. Wilson’s interval, which takes
      nodules as independent:
      ${intervalText(wilsonInterval(right, n), accuracyMetric)}.
    </p>`;
}

function classTable({ tested: { cases } }: ReportRun): Html {
  const scores = classScores(cases.confusion);
  const areas = oneVersusRestAuc(cases.labels, cases.probabilities);
  return table({
    caption:
      'Figures of single classes, each against the rest; – where the class, or the rest, has no nodules',
    columns: ['class', 'nodules', 'recall', 'precision', 'F1', 'AUC'],
    rows: cases.classes.map((name, index) => {
      const { support, recall, precision, f1 } = at(scores, index);
      const shown = (value: number): string =>
        support === 0 ? none : percent(value);
      const auc = areas.perClass[index];
      return [
        named(name),
        support,
        shown(recall),
        shown(precision),
        shown(f1),
        auc === undefined ? none : auc.toFixed(3),
      ];
    }),
  });
}
