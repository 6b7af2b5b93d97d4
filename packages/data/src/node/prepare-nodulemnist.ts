import { basename } from 'node:path';

import type { NdArray } from '@clip-lung/tensor';
import { asFileWriteError, readFileUpTo } from '@clip-lung/tensor/node';

import { cropSize, type Label, lungWindow } from '@clip-lung/lidc';
import { resampleCube } from '../crop/resample.js';
import {
  datasetVersion,
  type FoldRow,
  noduleColumns,
  type NoduleRow,
  type Row,
  scanColumns,
  type ScanRow,
} from '../dataset/format.js';
import type { Manifest } from '../dataset/manifest.js';
import type { Part } from '../dataset/nodule.js';
import { InputError } from '../errors.js';
import { limits } from '../limits.js';
import type { JobOptions } from '../progress.js';
import { DatasetWriter } from './dataset-writer.js';
import { arrayOfNpz } from './npz.js';
import { expectReplaceable } from './out-folder.js';
import { PartialFolder } from './partial-folder.js';

export interface NoduleMnistOptions extends JobOptions {
  /** `nodulemnist3d.npz` (28³) or `nodulemnist3d_64.npz` */
  readonly file: string;
  /** the dataset folder to write; a dataset that is there already is replaced */
  readonly out: string;
}

const sources: readonly (readonly [key: string, part: Part])[] = [
  ['train', 'train'],
  ['val', 'validation'],
  ['test', 'test'],
];
const classes: readonly Label[] = ['benign', 'malignant'];
const sides = [28, 64];

/**
 * Makes a dataset of NoduleMNIST3D, which was made of LIDC-IDRI: cubes around nodules with two classes, no ratings, and a
 * split of its own, which is kept as fold 0.
 *
 * Its cubes are bytes. They are resampled to 32³, and spread over the window that training maps to 0..1, so that training
 * sees byte / 255: how its makers mapped HU to bytes is not told in the file.
 *
 * @returns the manifest as written
 * @throws {@link InputError} for a file that is not NoduleMNIST3D, or an output folder that holds something else;
 *   `FileWriteError` where the system lets nothing be written
 * @see MedMNIST v2 (Yang et al. 2023, doi 10.1038/s41597-022-01721-8)
 */
export async function prepareNoduleMnist({
  file,
  out,
  signal,
  onProgress,
}: NoduleMnistOptions): Promise<Manifest> {
  await expectReplaceable(out);
  const bytes = await readNpz(file);
  try {
    // For its lock, and for what a killed run has left beside the dataset.
    const beside = await PartialFolder.open(out);
    try {
      return await writeDataset({ file, bytes, out, signal, onProgress });
    } finally {
      await beside.leave();
    }
  } catch (error) {
    throw asFileWriteError(out, error);
  }
}

async function readNpz(file: string): Promise<Uint8Array> {
  try {
    return await readFileUpTo(file, limits.npzBytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${reason}; expected nodulemnist3d.npz or nodulemnist3d_64.npz of MedMNIST`,
      { cause: error },
    );
  }
}

async function writeDataset({
  file,
  bytes,
  out,
  signal,
  onProgress,
}: NoduleMnistOptions & { readonly bytes: Uint8Array }): Promise<Manifest> {
  const writer = await DatasetWriter.start(out, cropSize);
  try {
    const nodules: NoduleRow[] = [];
    const folds: FoldRow[] = [];
    const scans: ScanRow[] = [];
    for (const [key, part] of sources) {
      const { images, labels, side } = readPart(bytes, basename(file), key);
      for (const [i, label] of labels.entries()) {
        signal?.throwIfAborted();
        const id = `NODULEMNIST3D-${part}-${String(i + 1).padStart(4, '0')}`;
        const cube = images.subarray(i * side ** 3, (i + 1) * side ** 3);
        await writer.addCrop(huOf(resampleCube(cube, side, cropSize)));
        const scan = { scan: id, patient: id };
        nodules.push({ ...emptyRow(noduleColumns), ...scan, id, label });
        scans.push({ ...emptyRow(scanColumns), ...scan });
        folds.push({ id, patient: id, fold: part === 'test' ? 0 : 1, part });
        onProgress?.({ stage: part, done: i + 1, total: labels.length });
      }
    }
    const manifest = manifestOf(nodules, basename(file));
    await writer.finish({ nodules, scans, folds, manifest });
    return manifest;
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

interface SourcePart {
  /** [N · side³] */
  readonly images: Uint8Array;
  readonly labels: readonly Label[];
  readonly side: number;
}

function readPart(bytes: Uint8Array, file: string, key: string): SourcePart {
  const images = arrayOfNpz(bytes, file, `${key}_images`);
  const [count = 0, side = 0, ...others] = images.shape;
  if (
    !images.is('uint8') ||
    !sides.includes(side) ||
    others.length !== 2 ||
    others.some((length) => length !== side)
  ) {
    throw new InputError(
      `${file}: "${key}_images" holds ${images.dtype} [${images.shape.join(', ')}], expected uint8 [any, ${sides.join(' or ')}, same, same]`,
    );
  }
  const labels = arrayOfNpz(bytes, file, `${key}_labels`);
  if (labels.data.length !== count) {
    throw new InputError(
      `${file}: "${key}_labels" holds ${labels.data.length} labels for ${count} images`,
    );
  }
  return { images: images.data, labels: labelsOf(labels, file, key), side };
}

function labelsOf(labels: NdArray, file: string, key: string): Label[] {
  return Array.from({ length: labels.data.length }, (_, i) => {
    const value = labels.data[i];
    const label = classes[Number(value)];
    if (label !== undefined) return label;
    throw new InputError(
      `${file}: "${key}_labels" has ${String(value)} at ${i}, expected 0 (benign) or 1 (malignant)`,
    );
  });
}

function huOf(values: Float32Array): Int16Array {
  const { low, high } = lungWindow;
  return Int16Array.from(values, (value) =>
    Math.round(low + (value / 255) * (high - low)),
  );
}

function emptyRow<Column extends string>(
  columns: readonly Column[],
): Row<Column> {
  return Object.fromEntries(columns.map((name) => [name, ''])) as Row<Column>;
}

function manifestOf(nodules: readonly NoduleRow[], file: string): Manifest {
  const ofLabel = (label: Label): number =>
    nodules.filter((nodule) => nodule.label === label).length;
  const warning = {
    code: 'no-patient-id',
    file,
    message:
      'names no patients: every nodule counts as a patient of its own, and nobody can tell whether one is on both sides of the split',
  };
  return {
    format: 'clip-lung-dataset',
    version: datasetVersion,
    collection: 'nodulemnist3d',
    rule: 'pylidc',
    options: {
      minReaders: 1,
      label: 'mean',
      margin: 1,
      patients: null,
      folds: 2,
      seed: 0,
    },
    ratings: false,
    split: 'own',
    window: { ...lungWindow },
    crop: { size: cropSize, scale: null, outside: lungWindow.low },
    counts: {
      nodules: nodules.length,
      labels: {
        benign: ofLabel('benign'),
        unsure: 0,
        malignant: ofLabel('malignant'),
      },
      scans: nodules.length,
      patients: nodules.length,
      ...noneOfLidc,
      warnings: { 'no-patient-id': 1 },
    },
    failures: [],
    warnings: [warning],
  };
}

/** What is counted of LIDC-IDRI's files alone. */
const noneOfLidc = {
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
