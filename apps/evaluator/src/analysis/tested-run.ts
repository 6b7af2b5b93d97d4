import {
  classesOfSubset,
  type Dataset,
  type DatasetNodule,
  type DatasetScan,
  InputError,
} from '@clip-lung/data';
import { datasetDigest, readDataset } from '@clip-lung/data/node';
import { cropSize } from '@clip-lung/lidc';
import {
  type ClassifiedBy,
  InconsistentRunError,
  type Pool,
  poolPredictions,
  type PredictionRow,
  readRunRecord,
  type RunRecord,
} from '@clip-lung/run';
import { at } from '@clip-lung/tensor';

/** What a run says of a nodule that it was tested on, and what the dataset knows of it. */
export interface TestedNodule {
  readonly row: PredictionRow;
  readonly fold: number;
  readonly nodule: DatasetNodule;
  /** undefined where the source does not tell of scans */
  readonly scan?: DatasetScan | undefined;
}

/** A run's predictions beside the dataset that they are of. */
export interface TestedRun {
  readonly folder: string;
  readonly record: RunRecord;
  readonly by: ClassifiedBy;
  readonly missingFolds: Pool['missingFolds'];
  readonly dataset: Dataset;
  /** hex SHA-256 of what training takes from the dataset */
  readonly sha256: string;
  /** the dataset's classes that the run is tested on: in subsets B and C, benign and malignant */
  readonly testedClasses: readonly string[];
  readonly tested: readonly TestedNodule[];
}

export interface TestedRunOptions {
  /** folder of the dataset that the run was trained on; default where the record says that it was */
  readonly data?: string | undefined;
  /** which predictions; default the head's */
  readonly by?: ClassifiedBy | undefined;
  readonly signal?: AbortSignal | undefined;
  /** is told of what cannot be checked */
  readonly onNote?: ((message: string) => void) | undefined;
}

/**
 * Reads a run's predictions and its dataset, and holds one against the other: by the digest on record, and nodule by nodule.
 *
 * @throws `InputError` where the dataset is not there, `DatasetError` for a damaged one, {@link InconsistentRunError} for
 *   another than the run's; and as `poolPredictions`
 */
export async function openTestedRun(
  folder: string,
  { data, by = 'head', signal, onNote }: TestedRunOptions = {},
): Promise<TestedRun> {
  const record = await readRunRecord(folder);
  const pool = await poolPredictions(folder, record, { by, onNote, signal });
  const { dataset, sha256 } = await readDatasetOfRun(folder, record, {
    data,
    onNote,
  });
  const { tested: testedClasses } = classesOfSubset(
    record.data.subset,
    dataset.manifest.classes.names,
  );
  const run = { folder, record, dataset, testedClasses };
  const nodules = new Map(dataset.nodules.map((one) => [one.id, one]));
  const tested = pool.folds.flatMap(({ fold, rows }) =>
    rows.map((row): TestedNodule => {
      const nodule = expectOfDataset(nodules.get(row.nodule), row, fold, run);
      const { scan } = nodule;
      return {
        ...{ row, fold, nodule },
        scan: scan === undefined ? undefined : dataset.scans?.get(scan),
      };
    }),
  );
  expectWhole(tested, pool, run);
  const { missingFolds } = pool;
  return { ...run, by, missingFolds, sha256, tested };
}

/** Whether a dataset's nodule is one to be tested in a fold. */
export function isTestedIn(
  { label, part, fold: own }: DatasetNodule,
  fold: number,
  testedClasses: readonly string[],
): boolean {
  const isOfFold = part === undefined ? own === fold : part === 'test';
  return isOfFold && testedClasses.includes(label);
}

async function readDatasetOfRun(
  folder: string,
  { data: recorded }: RunRecord,
  { data = recorded.folder, onNote }: Pick<TestedRunOptions, 'data' | 'onNote'>,
): Promise<Pick<TestedRun, 'dataset' | 'sha256'>> {
  const dataset = await readDataset(data, { onNote }).catch(
    (error: unknown) => {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(
        `${folder}: to analyse it, the dataset that it was trained on is needed: ${error.message}. If it has moved, give its folder with --data <folder>`,
        { cause: error },
      );
    },
  );
  const sha256 = datasetDigest(dataset);
  if (recorded.sha256 === undefined) {
    onNote?.(
      `${folder}: the run did not keep the SHA-256 of its dataset, like all runs of earlier versions: ${data} is only held to the nodules that were tested, their patients, labels and folds`,
    );
    return { dataset, sha256 };
  }
  if (sha256 === recorded.sha256) return { dataset, sha256 };
  if (dataset.manifest.crop.size > cropSize) {
    // Training that shifts crops takes their margin, too, and the digest is of all that it takes.
    const whole = await readDataset(data, { margin: true });
    if (datasetDigest(whole) === recorded.sha256) {
      return { dataset: whole, sha256: recorded.sha256 };
    }
  }
  throw new InconsistentRunError(
    `${data}: is not the dataset that ${folder} was trained on: its SHA-256 is ${sha256}, the run's record says ${recorded.sha256}; give that dataset with --data`,
  );
}

type Run = Pick<TestedRun, 'folder' | 'record' | 'dataset' | 'testedClasses'>;

function expectOfDataset(
  nodule: DatasetNodule | undefined,
  row: PredictionRow,
  fold: number,
  { folder, record, dataset, testedClasses }: Run,
): DatasetNodule {
  const refuse = (problem: string): never => {
    throw new InconsistentRunError(
      `${dataset.folder}: is not the dataset that ${folder} was trained on: nodule ${row.nodule}, tested in fold ${fold}, ${problem}; give that dataset with --data`,
    );
  };
  if (nodule === undefined) return refuse('is not in it');
  const label = at(record.classes, row.label, 'classes');
  if (nodule.label !== label) {
    refuse(`is ${nodule.label} there, and ${label} in the predictions`);
  }
  if (nodule.patient !== row.patient) {
    refuse(
      `is of patient ${nodule.patient} there, and of ${row.patient} in the predictions`,
    );
  }
  if (!isTestedIn(nodule, fold, testedClasses)) {
    refuse(
      `is in ${nodule.part === undefined ? `fold ${nodule.fold}` : `the part for ${nodule.part}`} there`,
    );
  }
  return nodule;
}

/** What a fold leaves out of its test nodules could be what it fails on. */
function expectWhole(
  tested: readonly TestedNodule[],
  { folds }: Pool,
  { folder, dataset, testedClasses }: Run,
): void {
  const there = new Set(tested.map(({ row }) => row.nodule));
  for (const { fold, rows } of folds) {
    const expected = dataset.nodules.filter((nodule) =>
      isTestedIn(nodule, fold, testedClasses),
    );
    const missing = expected.find(({ id }) => !there.has(id));
    if (missing === undefined) continue;
    throw new InconsistentRunError(
      `${folder}: fold ${fold} has predictions for ${rows.length} of the ${expected.length} nodules that ${dataset.folder} has to test in it; ${missing.id} is missing. Train the fold again, or give the run's dataset with --data`,
    );
  }
}
