import { formatManifest } from '@clip-lung/data';
import { at } from '@clip-lung/tensor';

import { counted, distinct } from '../figure-text.js';
import { html, type Html, named } from '../page/html.js';
import { table } from '../page/table.js';
import type { ReportRun } from '../report-run.js';
import type { Section } from '../section.js';

/** Whom the figures are of: from the collection to the nodules that were tested. */
export const patientsSection: Section = {
  id: 'patients',
  title: 'Patients and nodules',
  render(run) {
    const {
      tested: { cases, patients },
      record: { data },
      pool: { missingFolds, folds },
    } = run;
    const missing =
      missingFolds.length === 0
        ? null
        : html`<p class="warning">
            Folds without predictions, left out of all figures:
            ${missingFolds.join(', ')} (of
            ${folds.length + missingFolds.length}). Their nodules are not among
            those tested.
          </p>`;
    return html`${missing}${fromDataset(run)}
      <p>
        Tested: ${counted(cases.labels.length, 'nodule')} of
        ${counted(distinct(patients), 'patient')}, each by the fold that did not
        train on its patient; the run’s folds have
        ${counted(data.nodules, 'nodule')} of sub-dataset ${data.subset} .
      </p>
      ${table({
        caption: 'Tested nodules by class',
        columns: ['class', 'nodules', 'patients'],
        rows: cases.classes.map((name, label) => {
          const own = [...cases.labels.keys()].filter(
            (i) => cases.labels[i] === label,
          );
          return [
            named(name),
            own.length,
            distinct(own.map((i) => at(patients, i))),
          ];
        }),
      })}`;
  },
};

/** What `prepare` found, and what it left out and why; where the dataset was given. */
function fromDataset({ dataset }: ReportRun): Html | null {
  if (dataset === null) return null;
  const { manifest } = dataset.dataset;
  const { source } = manifest;
  // The last line is the folder.
  const lines = formatManifest(manifest, '').slice(0, -1);
  const told = html`<p>Dataset:</p>
    <ul>
      ${lines.map((line) => html`<li>${line.trim()}</li>`)}
    </ul>`;
  if (source.name !== 'lidc') return told;
  const { counts } = source;
  return html`${told}${table({
    caption: 'From the annotation files to the dataset',
    columns: ['step', 'number'],
    rows: [
      ['scans prepared', counts.scans],
      ['scans that failed', counts.failedScans],
      ['annotated scans without images', counts.scansWithoutImages],
      ['readers’ annotations in the scans prepared', counts.annotations],
      [
        `nodules of fewer than ${counted(source.options.minReaders, 'reader')}, left out`,
        counts.tooFewReaders,
      ],
      [
        'nodules left out: slices or ratings of malignancy are missing',
        counts.leftOut,
      ],
      ['nodules in the dataset', manifest.counts.nodules],
      ['their patients', manifest.counts.patients],
    ],
  })}`;
}
