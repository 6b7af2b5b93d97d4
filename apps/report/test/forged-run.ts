import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cropsSource, datasetDigest, readDataset } from '@clip-lung/data/node';
import {
  appendMetrics,
  experimentDigest,
  foldPaths,
  type PredictionRow,
  runFormatVersion,
  type RunRecord,
  writePredictions,
  writeRunRecord,
} from '@clip-lung/run';
import { encodeNpy, NdArray, RandomStream } from '@clip-lung/tensor';

export interface ForgedRun {
  /** default: three degrees */
  readonly classes?: readonly string[];
  /** over all folds; default 60 */
  readonly nodules?: number;
  /** nodules of a patient; default 2 */
  readonly perPatient?: number;
  readonly folds?: number;
  /** folds that are not trained yet */
  readonly without?: readonly number[];
  /** how much more probable the true class is than by chance */
  readonly skill?: number;
  readonly seed?: number;
  /** of the first nodule and its patient */
  readonly names?: { readonly nodule: string; readonly patient: string };
  readonly record?: Partial<RunRecord>;
  /** changes what is predicted */
  readonly row?: (row: PredictionRow, index: number) => PredictionRow;
  /** logs of so many epochs; default 2 */
  readonly epochs?: number;
}

const degrees = ['benign', 'unsure', 'malignant'];

/** Writes a run of made-up predictions, all files as training writes them. @returns its record */
export async function forgeRun(
  folder: string,
  {
    classes = degrees,
    nodules = 60,
    perPatient = 2,
    folds = 3,
    without = [],
    skill = 0.6,
    seed = 1,
    names,
    record: changed = {},
    row: changeRow = (row) => row,
    epochs = 2,
  }: ForgedRun = {},
): Promise<RunRecord> {
  const record: RunRecord = {
    formatVersion: runFormatVersion,
    experiment: { preset: 'paper', plugins: [], training: { seed } },
    data: {
      ...{ collection: 'phantom', folder: '/nowhere', sha256: 'd'.repeat(64) },
      ...{ nodules, subset: 'A', folds },
    },
    ...{ text: 'random', textModel: 'random', textSha256: null, classes },
    ...{ ordered: true, engine: 'onnx', device: 'cpu', host: 'secret-host' },
    software: { node: '20.0.0' },
    ...changed,
  };
  await writeRunRecord(folder, record);
  const random = new RandomStream(seed, 'test', 'forged-run');
  const rows = Array.from({ length: nodules }, (_nodule, i) => {
    const label = i % classes.length;
    const weights = classes.map(
      (_name, k) => 0.05 + random.uniform() + (k === label ? skill : 0),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    const probabilities = weights.map((weight) => weight / sum);
    const first = i === 0 ? names : undefined;
    return changeRow(
      {
        nodule: first?.nodule ?? `n${i}`,
        patient: first?.patient ?? `p${Math.floor(i / perPatient)}`,
        label,
        prediction: probabilities.indexOf(Math.max(...probabilities)),
        probabilities,
      },
      i,
    );
  });
  for (let fold = 0; fold < folds; fold++) {
    if (without.includes(fold)) continue;
    const paths = foldPaths(folder, fold);
    await writePredictions(
      paths,
      {
        classes,
        rows: rows.filter(
          (_row, i) => Math.floor(i / perPatient) % folds === fold,
        ),
      },
      {
        dataset: record.data.sha256 ?? '',
        experimentDigest: experimentDigest(record.experiment),
      },
    );
    for (let epoch = 0; epoch < epochs; epoch++) {
      await appendMetrics(paths.metrics, {
        ...{ epoch, step: 4 * (epoch + 1), learningRate: 1e-3 },
        loss: 2 / (epoch + 1) + fold / 10,
        terms: { 'cross-entropy': 1 },
        trainAccuracy: 1 - 0.6 / (epoch + 1),
        validation: {
          accuracy: 0.8 - 0.5 / (epoch + 1),
          loss: 1 / (epoch + 1),
        },
        secondsPerEpoch: 1,
      });
    }
  }
  return record;
}

/** Writes a dataset of the nodules that {@link forgeRun} tests, and says its digest. */
export async function forgeDataset(
  folder: string,
  {
    nodules,
    names,
  }: { readonly nodules: number; readonly names?: ForgedRun['names'] },
): Promise<{ readonly data: string; readonly sha256: string }> {
  const input = join(folder, 'crops');
  await mkdir(input, { recursive: true });
  const lines = Array.from({ length: nodules }, (_nodule, i) => {
    const first = i === 0 ? names : undefined;
    const cells = [
      first?.nodule ?? `n${i}`,
      first?.patient ?? `p${Math.floor(i / 2)}`,
      degrees[i % degrees.length] ?? '',
    ];
    return cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',');
  });
  await writeFile(
    join(input, 'nodules.csv'),
    ['id,patient,class', ...lines, ''].join('\n'),
  );
  const voxels = Int16Array.from({ length: nodules * 32 ** 3 }, (_voxel, v) => {
    const [x, y, z] = [v % 32, (v >> 5) % 32, (v >> 10) % 32];
    return -1000 + 40 * x + 3 * y + z;
  });
  await writeFile(
    join(input, 'crops.npy'),
    encodeNpy(new NdArray('int16', [nodules, 32, 32, 32], voxels)),
  );
  const data = join(folder, 'dataset');
  await cropsSource.prepare({
    input,
    out: data,
    options: { classes: degrees, ordered: true },
  });
  return { data, sha256: datasetDigest(await readDataset(data)) };
}
