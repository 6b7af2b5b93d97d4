import {
  airHu,
  attributes,
  type Collection,
  cropScale,
  cropSize,
  type Label,
  labels,
  lungWindow,
  phantomManufacturer,
} from '@clip-lung/lidc';

import { datasetVersion, type ScanRow } from '../../../dataset/format.js';
import type { LidcManifest } from '../../../dataset/manifest.js';
import { countWarnings } from '../../../warning.js';
import type { CheckedOptions } from './prepare-options.js';
import type { PreparedScan } from './prepare-scan.js';
import type { Result } from './prepare-scans.js';
import type { Input } from './read-input.js';

/** What a dataset of LIDC-IDRI says of itself. */
export function manifestOf(
  input: Input,
  { nodules, scans, failures }: Result,
  folds: readonly number[],
  options: CheckedOptions,
): LidcManifest {
  const { annotations, index } = input;
  const { rule, minReaders, label, margin, patients: asked } = options;
  const { folds: foldCount, seed } = options;
  const warnings = [
    ...input.warnings,
    ...scans.flatMap((scan) => scan.warnings),
  ];
  const filled = new Set(folds).size;
  const patients = new Set(nodules.map(({ patient }) => patient)).size;
  if (filled < foldCount) {
    warnings.push({
      code: 'empty-folds',
      file: 'folds.csv',
      message: `${foldCount - filled} of ${foldCount} folds are empty: there are nodules of ${patients} patients only`,
    });
  }
  const sum = (count: (scan: PreparedScan) => number): number =>
    scans.reduce((total, scan) => total + count(scan), 0);
  const ofLabel = (label: Label): number =>
    nodules.filter((nodule) => nodule.label === label).length;
  return {
    format: 'clip-lung-dataset',
    version: datasetVersion,
    collection: collectionOf(scans),
    source: {
      name: 'lidc',
      rule,
      options: {
        minReaders,
        label,
        margin,
        patients: typeof asked === 'object' && asked ? [...asked] : asked,
      },
      counts: {
        scans: scans.length,
        annotations: sum((scan) => scan.annotations),
        tooFewReaders: sum((scan) => scan.tooFewReaders),
        leftOut: sum((scan) => scan.leftOut),
        unresolvedScans: sum((scan) => (scan.resolved ? 0 : 1)),
        failedScans: failures.length,
        scansWithoutImages: input.scansWithoutImages,
        seriesWithoutAnnotations: input.seriesWithoutAnnotations,
        xmlFiles: annotations.files,
        radiographs: annotations.radiographs,
        duplicates: annotations.ct - annotations.scans.length,
        otherModalities: index.otherModalities,
        otherFiles: index.otherFiles,
        unreadable: annotations.unreadable + index.unreadable,
      },
      failures: [...failures],
    },
    classes: { names: [...labels], ordered: true },
    attributes: [...attributes],
    columns: [],
    split: { kind: 'made', folds: foldCount, seed },
    window: { ...lungWindow },
    crop: {
      size: cropSize * margin,
      scale: cropScale * margin,
      outside: airHu,
    },
    counts: {
      nodules: nodules.length,
      labels: {
        benign: ofLabel('benign'),
        unsure: ofLabel('unsure'),
        malignant: ofLabel('malignant'),
      },
      patients,
      warnings: countWarnings(warnings),
    },
    warnings,
  };
}

/** One simulated scan is enough for a dataset to be one of phantoms. */
function collectionOf(scans: readonly PreparedScan[]): Collection {
  if (scans.some((scan) => scan.manufacturer === phantomManufacturer)) {
    return 'phantom';
  }
  const isLidc = ({ patient }: ScanRow): boolean =>
    String(patient).startsWith('LIDC-IDRI-');
  return scans.every(({ row }) => isLidc(row)) ? 'lidc-idri' : 'other';
}
