import { quotedInSpreadsheets, toSpreadsheetCell } from '@clip-lung/tensor';
import { writeFileAtomic } from '@clip-lung/tensor/node';
import { stringify } from 'csv-stringify/sync';

import { RunFileError } from './error.js';
import { readRunFile } from './missing.js';
import { parsePredictions } from './parse-predictions.js';
import {
  predictionColumns,
  type Predictions,
  probabilityPrefix,
} from './predictions.js';

/**
 * Writes `predictions.csv`: `nodule, patient, label, prediction, p_<class>…`, checked as it will be read.
 * Numbers are written so that they read back exactly. A text that a spreadsheet would run has a quote before it.
 *
 * @param file `foldPaths(…).predictions`
 * @throws `RunFileError` for predictions that could not be read back
 */
export async function writePredictions(
  file: string,
  { classes, rows }: Predictions,
): Promise<void> {
  const nameOf = (index: number, nodule: string): string => {
    const name = classes[index];
    if (name !== undefined) return name;
    throw new RunFileError(
      file,
      `nodule ${nodule} has the class ${index}, expected 0 to ${classes.length - 1}`,
    );
  };
  const header = [
    ...predictionColumns,
    ...classes.map((name) => probabilityPrefix + name),
  ];
  const lines = rows.map((row) => [
    row.nodule,
    row.patient,
    nameOf(row.label, row.nodule),
    nameOf(row.prediction, row.nodule),
    ...row.probabilities.map(String),
  ]);
  const text = stringify([header, ...lines], {
    cast: { string: toSpreadsheetCell },
    quoted_match: quotedInSpreadsheets,
  });
  await parsePredictions(Buffer.from(text), file);
  await writeFileAtomic(file, text);
}

/**
 * @param file `foldPaths(…).predictions`
 * @param options a signal stops it, however many rows there are
 * @throws `MissingRunFileError` when the fold is not tested, `RunFileError` with line and column for anything wrong
 */
export async function readPredictions(
  file: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Predictions> {
  const bytes = await readRunFile(
    file,
    'there is no such file: this fold is not trained to its end yet',
  );
  return parsePredictions(bytes, file, signal);
}
