import { at } from '@clip-lung/tensor';

import type { TestedNodule, TestedRun } from './tested-run.js';

/** A tested nodule, and what is known of it. */
export interface HardCase {
  readonly nodule: string;
  readonly patient: string;
  readonly fold: number;
  /** Series Instance UID; null where the source does not tell */
  readonly scan: string | null;
  readonly label: string;
  readonly prediction: string;
  /** of each class, in their order, [K] */
  readonly probabilities: readonly number[];
  /** cross entropy, −log of the probability of the label; null where that is 0, and the loss infinite */
  readonly loss: number | null;
  /** mm; null where the source does not tell */
  readonly diameter: number | null;
  readonly readers: number | null;
  readonly malignancy: number | null;
  /** each reader's, in the order of the annotation file */
  readonly malignancyRatings: readonly number[];
  /** means of the attributes over the readers, by name; null where the source has none */
  readonly ratings: Readonly<Record<string, number>> | null;
}

/** The nodules whose label the model found least probable, the hardest first. Touches no file. */
export function hardestCases(
  { record: { classes }, tested }: TestedRun,
  count: number,
): readonly HardCase[] {
  const ofLabel = ({ row }: TestedNodule): number =>
    at(row.probabilities, row.label);
  return [...tested]
    .sort((a, b) => ofLabel(a) - ofLabel(b) || inOrder(a, b))
    .slice(0, count)
    .map((one): HardCase => {
      const { row, fold, nodule } = one;
      const probability = ofLabel(one);
      return {
        ...{ nodule: row.nodule, patient: row.patient, fold },
        scan: nodule.scan ?? null,
        label: at(classes, row.label, 'classes'),
        prediction: at(classes, row.prediction, 'classes'),
        probabilities: row.probabilities,
        loss: probability > 0 ? Math.abs(Math.log(probability)) : null,
        diameter: known(nodule.diameter),
        readers: known(nodule.readers),
        malignancy: nodule.malignancy,
        malignancyRatings: nodule.malignancyRatings,
        ratings: nodule.ratings,
      };
    });
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** By their IDs, so that the same predictions give the same list. */
function inOrder(a: TestedNodule, b: TestedNodule): number {
  return a.row.nodule < b.row.nodule ? -1 : 1;
}
