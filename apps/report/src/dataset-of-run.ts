import type { Dataset, DatasetNodule } from '@clip-lung/data';
import { datasetDigest } from '@clip-lung/data/node';
import {
  InconsistentRunError,
  type PredictionRow,
  type RunRecord,
} from '@clip-lung/run';
import { at } from '@clip-lung/tensor';

/** The dataset that a run was trained on. */
export interface DatasetOfRun {
  readonly dataset: Dataset;
  /** of a nodule that was tested, its place in the dataset. @throws `RangeError` for one that it has not */
  placeOf(nodule: string): number;
  nodule(place: number): DatasetNodule;
}

/** @throws `InconsistentRunError` for a dataset that is not the run's, naming what differs */
export function datasetOf(
  dataset: Dataset,
  {
    folder,
    record: { data, classes },
    rows,
  }: {
    readonly folder: string;
    readonly record: RunRecord;
    readonly rows: readonly PredictionRow[];
  },
): DatasetOfRun {
  const places = new Map(dataset.nodules.map(({ id }, place) => [id, place]));
  const refuse = (difference: string): never => {
    throw new InconsistentRunError(
      `${dataset.folder}: is not the dataset that ${folder} was trained on: ${difference}; give that dataset with --data, or leave --data out and do without slices`,
    );
  };
  for (const { nodule, label } of rows) {
    const place = places.get(nodule);
    const expected = at(classes, label, 'classes');
    if (place === undefined) {
      return refuse(`nodule "${nodule}", which was tested, is missing`);
    }
    const found = at(dataset.nodules, place).label;
    if (found !== expected) {
      refuse(`nodule "${nodule}" is ${found}, expected ${expected}`);
    }
  }
  // It tells the crops apart as well; runs of before it was kept have none.
  if (data.sha256 !== undefined) {
    const found = datasetDigest(dataset);
    if (found !== data.sha256) {
      refuse(
        `the SHA-256 of what is trained on is ${found}, expected ${data.sha256}`,
      );
    }
  }
  const placeOf = (nodule: string): number => {
    const place = places.get(nodule);
    if (place === undefined) {
      throw new RangeError(`the dataset has no nodule "${nodule}"`);
    }
    return place;
  };
  return {
    dataset,
    placeOf,
    nodule: (place) => at(dataset.nodules, place, 'nodules'),
  };
}
