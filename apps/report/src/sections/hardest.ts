import { percent } from '@clip-lung/evaluator';
import type { PredictionRow } from '@clip-lung/run';
import { at } from '@clip-lung/tensor';

import { html, Html, named } from '../page/html.js';
import type { ReportRun } from '../report-run.js';
import type { Section } from '../section.js';
import { middleSlices } from '../slices.js';

const shown = 12;

/** The nodules to whose class the model gave the least probability. */
export const hardestSection: Section = {
  id: 'hardest',
  title: 'Hardest cases',
  render(run) {
    const tested = run.pool.folds.flatMap(({ fold, rows }) =>
      rows.map((row) => ({
        fold,
        row,
        truth: at(row.probabilities, row.label),
      })),
    );
    const hardest = tested
      .sort(
        (a, b) => a.truth - b.truth || (a.row.nodule < b.row.nodule ? -1 : 1),
      )
      .slice(0, shown);
    const slices =
      run.dataset === null
        ? 'Their slices are shown where the dataset is given (--data).'
        : 'With the middle slices of their crops, in the window that training takes.';
    return html`<p>
        The ${hardest.length} of ${tested.length} test nodules whose true class
        was given the least probability. ${slices}
      </p>
      <ol class="cases">
        ${hardest.map(({ fold, row }) => caseOf(run, fold, row))}
      </ol>`;
  },
};

function caseOf(run: ReportRun, fold: number, row: PredictionRow): Html {
  const { classes } = run.tested.cases;
  const says = (index: number): Html =>
    html`${named(at(classes, index, 'classes'))}
    ${percent(at(row.probabilities, index))}`;
  return html`<li>
    <p><strong>${named(row.nodule)}</strong></p>
    <p>patient ${named(row.patient)}, fold ${fold}${ofDataset(run, row)}</p>
    <p>true: ${says(row.label)}; predicted: ${says(row.prediction)}</p>
    ${picturesOf(run, row)}
  </li> `;
}

function ofDataset({ dataset }: ReportRun, { nodule }: PredictionRow): string {
  if (dataset === null) return '';
  const { diameter, readers } = dataset.nodule(dataset.placeOf(nodule));
  return [
    Number.isNaN(diameter) ? '' : `, ${diameter.toFixed(1)} mm`,
    Number.isNaN(readers) ? '' : `, ${readers} readers`,
  ].join('');
}

function picturesOf(
  { dataset }: ReportRun,
  { nodule }: PredictionRow,
): Html | null {
  if (dataset === null) return null;
  const slices = middleSlices(dataset.dataset, dataset.placeOf(nodule));
  return html`<div class="slices">
    ${slices.map(
      ({ plane, png }) =>
        html`<span
          ><img
            src="${new Html(png)}"
            width="96"
            height="96"
            alt="Nodule ${nodule}, ${plane} slice"
          />
          ${plane}</span
        >`,
    )}
  </div>`;
}
