import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { datasetVersion, type Manifest } from '@clip-lung/data';
import { datasetDigest, readDataset } from '@clip-lung/data/node';
import { attributes, labelOf, labels } from '@clip-lung/lidc';
import {
  experimentDigest,
  foldPaths,
  type PredictionRow,
  type RunRecord,
  writePredictions,
  writeRunRecord,
} from '@clip-lung/run';
import { NdArray, toSpreadsheetCell } from '@clip-lung/tensor';
import { jsonWithDigest, writeNpy } from '@clip-lung/tensor/node';

/** A nodule, and what the model says of it. */
export interface ForgedNodule {
  readonly id: string;
  readonly patient: string;
  readonly fold: number;
  /** each reader's malignancy; of a source without ratings, none */
  readonly ratings: readonly number[];
  readonly probabilities: readonly number[];
  readonly diameter?: number;
  readonly texture?: number;
  readonly sliceThickness?: number;
  readonly manufacturer?: string;
  /** of a source without ratings; default by the mean of the ratings */
  readonly label?: string;
}

export interface ForgedStudy {
  readonly nodules: readonly ForgedNodule[];
  /** default: LIDC-IDRI's files */
  readonly source?: 'lidc' | 'crops';
  readonly classes?: readonly string[];
  readonly subset?: RunRecord['data']['subset'];
  readonly minReaders?: number;
  readonly counts?: Readonly<Record<string, number>>;
  /** folds that were tested; default all that nodules are in */
  readonly tested?: readonly number[];
  /** changes what is predicted */
  readonly rows?: (rows: readonly PredictionRow[]) => readonly PredictionRow[];
  readonly record?: Partial<RunRecord['data']>;
}

/** Writes a dataset and a run that was tested on it, as `prepare` and `train` would, into a folder. @returns their folders */
export async function forgeStudy(
  folder: string,
  study: ForgedStudy,
): Promise<{ readonly run: string; readonly data: string }> {
  const data = join(folder, 'dataset');
  const run = join(folder, 'run');
  await forgeDataset(data, study);
  await forgeRun(run, data, study);
  return { run, data };
}

const size = 32;

async function forgeDataset(folder: string, study: ForgedStudy): Promise<void> {
  const { nodules, source = 'lidc', classes = labels } = study;
  await mkdir(folder, { recursive: true });
  const scanOf = ({ patient }: ForgedNodule): string => `scan of ${patient}`;
  const tables: Record<string, readonly (readonly unknown[])[]> = {
    'nodules.csv':
      source === 'crops'
        ? [
            ['id', 'patient', 'label'],
            ...nodules.map((one) => [one.id, one.patient, labelIn(one)]),
          ]
        : [
            [
              ...['id', 'patient', 'scan', 'x', 'y', 'z', 'column', 'row'],
              ...['slice', 'diameter', 'volume', 'readers', 'annotations'],
              ...['malignancy', 'malignancyRatings', 'label', ...attributes],
            ],
            ...nodules.map((one) => [
              ...[one.id, one.patient, scanOf(one), 0, 0, 0, 0, 0, 0],
              ...[one.diameter ?? 8, 1, one.ratings.length, one.ratings.length],
              ...[mean(one.ratings), one.ratings.join(' '), labelIn(one)],
              ...attributes.map((name) =>
                name === 'texture' ? (one.texture ?? 5) : 1,
              ),
            ]),
          ],
    'folds.csv': [
      ['id', 'patient', 'fold'],
      ...nodules.map(({ id, patient, fold }) => [id, patient, fold]),
    ],
  };
  if (source === 'lidc') {
    const scans = new Map(nodules.map((one) => [scanOf(one), one]));
    const others = ['xml', 'slices', 'rows', 'columns', 'rowSpacing'];
    const further = ['columnSpacing', 'sliceSpacing', 'annotations'];
    const last = ['nodules', 'tolerance', 'resolved'];
    const rest = [...others, ...further, ...last];
    tables['scans.csv'] = [
      ['scan', 'patient', 'manufacturer', 'sliceThickness', ...rest],
      ...[...scans].map(([scan, one]) => [
        ...[scan, one.patient, one.manufacturer ?? 'SIEMENS'],
        ...[one.sliceThickness ?? 1, ...rest.map(() => 1)],
      ]),
    ];
  }
  const digests: Record<string, string> = {};
  for (const [name, rows] of Object.entries(tables)) {
    const text = rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
    await writeFile(join(folder, name), text);
    digests[name] = digestOf(text);
  }
  const shape = [nodules.length, size, size, size];
  const voxels = new Int16Array(nodules.length * size ** 3).fill(-1000);
  const crops = join(folder, 'crops.npy');
  await writeNpy(crops, new NdArray('int16', shape, voxels));
  digests['crops.npy'] = digestOf(await readFile(crops));
  const manifest: Manifest = {
    format: 'clip-lung-dataset',
    version: datasetVersion,
    collection: source === 'lidc' ? 'lidc-idri' : 'other',
    source:
      source === 'crops'
        ? { name: 'crops', force: false }
        : {
            name: 'lidc',
            rule: 'pylidc',
            options: {
              minReaders: study.minReaders ?? 1,
              label: 'mean',
              margin: 1,
              patients: null,
            },
            counts: { ...noCounts, ...study.counts },
            failures: [],
          },
    classes: { names: [...classes], ordered: true },
    attributes: source === 'lidc' ? [...attributes] : [],
    columns: [],
    split: { kind: 'made', folds: foldsOf(nodules), seed: 1 },
    window: { low: -1000, high: 400 },
    crop: { size, scale: 2, outside: -1000 },
    counts: {
      nodules: nodules.length,
      labels: Object.fromEntries(
        classes.map((name) => [
          name,
          nodules.filter((one) => labelIn(one) === name).length,
        ]),
      ),
      patients: new Set(nodules.map(({ patient }) => patient)).size,
      warnings: {},
    },
    warnings: [],
    files: digests,
  };
  await writeFile(join(folder, 'manifest.json'), jsonWithDigest(manifest));
}

const noCounts = {
  scans: 1,
  annotations: 0,
  tooFewReaders: 0,
  leftOut: 0,
  unresolvedScans: 0,
  failedScans: 0,
  scansWithoutImages: 0,
  seriesWithoutAnnotations: 0,
  xmlFiles: 0,
  radiographs: 0,
  duplicates: 0,
  otherModalities: 0,
  otherFiles: 0,
  unreadable: 0,
};

async function forgeRun(
  folder: string,
  data: string,
  study: ForgedStudy,
): Promise<void> {
  const { nodules, subset = 'A', rows: change = (rows) => rows } = study;
  const all = study.classes ?? labels;
  const extremes = ['benign', 'malignant'];
  const classes = subset === 'C' ? extremes : all;
  const tested = subset === 'A' ? all : extremes;
  const dataset = await readDataset(data);
  const folds = foldsOf(nodules);
  const record: RunRecord = {
    formatVersion: 2,
    experiment: {},
    data: {
      collection: dataset.manifest.collection,
      folder: data,
      sha256: datasetDigest(dataset),
      nodules: nodules.length,
      subset,
      folds,
      ...study.record,
    },
    text: 'random',
    textModel: 'random',
    textSha256: null,
    classes,
    engine: 'onnx',
    device: 'cpu',
    software: {},
  };
  await writeRunRecord(folder, record);
  const origin = {
    experimentDigest: experimentDigest(record.experiment),
    dataset: datasetDigest(dataset),
  };
  for (let fold = 0; fold < folds; fold++) {
    if (study.tested?.includes(fold) === false) continue;
    const own = nodules.filter(
      (one) => one.fold === fold && tested.includes(labelIn(one)),
    );
    const rows = own.map((one): PredictionRow => {
      const { id, patient, probabilities } = one;
      return {
        nodule: id,
        patient,
        label: classes.indexOf(labelIn(one)),
        prediction: probabilities.indexOf(Math.max(...probabilities)),
        probabilities,
      };
    });
    await writePredictions(
      foldPaths(folder, fold),
      { classes, rows: change(rows) },
      origin,
    );
  }
}

function foldsOf(nodules: readonly ForgedNodule[]): number {
  return Math.max(1, ...nodules.map(({ fold }) => fold)) + 1;
}

function labelIn({ label, ratings }: ForgedNodule): string {
  return label ?? labelOf(mean(ratings), 'pylidc');
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function cell(value: unknown): string {
  const text = typeof value === 'string' ? toSpreadsheetCell(value) : value;
  return `"${String(text).replaceAll('"', '""')}"`;
}

function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
