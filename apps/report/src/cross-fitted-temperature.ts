import { identifiedCases } from '@clip-lung/evaluator';
import { type IdentifiedCases, scaleTemperature } from '@clip-lung/metrics';
import type { PredictionRow } from '@clip-lung/run';
import { at } from '@clip-lung/tensor';

import type { ReportRun } from './report-run.js';

/** The test nodules of a run, each fold's probabilities at its own temperature. */
export type CrossFitted =
  | {
      /** of each fold that has predictions */
      readonly temperatures: readonly {
        readonly fold: number;
        readonly temperature: number;
      }[];
      readonly tested: IdentifiedCases;
    }
  | {
      readonly temperatures: null;
      /** why there are none, in words */
      readonly reason: string;
    };

/**
 * Temperature scaling without the test patients' own labels. A run keeps no predictions of validation nodules; so the temperature
 * of a fold is fitted on what the models of the other folds predict for their test patients, none of whom it tests.
 */
export function crossFittedTemperature({
  record,
  pool: { folds },
}: Pick<ReportRun, 'record' | 'pool'>): CrossFitted {
  if (folds.length < 2) {
    return {
      temperatures: null,
      reason:
        'only one fold has predictions, and there are no other patients to fit it on',
    };
  }
  const temperatures: { fold: number; temperature: number }[] = [];
  const scaled: PredictionRow[] = [];
  for (const { fold, rows } of folds) {
    const others = folds.filter((one) => one.fold !== fold);
    const found = scaleTemperature({
      validation: columnsOf(others.flatMap((one) => one.rows)),
      test: columnsOf(rows),
    });
    if (found === undefined) {
      return {
        temperatures: null,
        reason: `no temperature is best for the nodules of the folds other than ${fold}: their answers are all right, or no better than chance`,
      };
    }
    const { temperature, probabilities } = found;
    temperatures.push({ fold, temperature });
    for (const [i, row] of rows.entries()) {
      scaled.push({ ...row, probabilities: at(probabilities, i) });
    }
  }
  return { temperatures, tested: identifiedCases(record, scaled) };
}

function columnsOf(
  rows: readonly PredictionRow[],
): Parameters<typeof scaleTemperature>[0]['validation'] {
  return {
    labels: rows.map(({ label }) => label),
    probabilities: rows.map(({ probabilities }) => probabilities),
    patients: rows.map(({ patient }) => patient),
  };
}
