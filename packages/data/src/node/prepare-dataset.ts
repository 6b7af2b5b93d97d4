import { resolve, sep } from 'node:path';

import {
  airHu,
  type Collection,
  cropScale,
  cropSize,
  type Label,
  labels,
  lungWindow,
  phantomManufacturer,
} from '@clip-lung/lidc';
import { asFileWriteError } from '@clip-lung/tensor/node';

import { expectNoLeak, makeFolds } from '../dataset/folds.js';
import {
  datasetVersion,
  type NoduleRow,
  type ReaderRow,
  type ScanRow,
} from '../dataset/format.js';
import type { Manifest, ScanFailure } from '../dataset/manifest.js';
import { InputError } from '../errors.js';
import { comparePaths, readingsContent } from '../lidc-xml/duplicates.js';
import { patientOf } from '../lidc-xml/patient.js';
import { countWarnings, type Warning } from '../warning.js';
import { damageFinder } from './damaged-scans.js';
import { DatasetWriter } from './dataset-writer.js';
import { FileList, type PackedFiles } from './file-list.js';
import { isXml, walkFiles } from './list-files.js';
import { mapOrdered } from './ordered.js';
import { expectReplaceable, OccupiedError, realFolder } from './out-folder.js';
import {
  type CheckedOptions,
  checkOptions,
  type PrepareOptions,
} from './prepare-options.js';
import { PartialFolder } from './partial-folder.js';
import { passedOverText } from './passed-over.js';
import type { KeptPiece } from './partial-file.js';
import { type KeptReadings, readKeptReadings } from './partial-readings.js';
import type { PreparedScan } from './prepare-scan.js';
import { type KeptScan, readScanFile, type ScanOutcome } from './scan-task.js';
import {
  annotationBatchSize,
  type Annotations,
  gatherAnnotations,
} from './read-annotations.js';
import {
  groupSeries,
  headerBatchSize,
  type SeriesIndex,
  type SeriesParts,
} from './series-index.js';
import {
  expectNoneUnreadable,
  refuseFailure,
  refuseLeftOut,
  refuseWithoutImages,
  StrictError,
} from './strict.js';
import { startWorkers, type Workers } from './workers.js';

/**
 * Makes a dataset folder of LIDC-IDRI: of all annotated scans whose images are there. The same input and options give the
 * same bytes.
 *
 * A scan that cannot be prepared is recorded in the manifest, and the others go on. With `strict`, nothing may be lost: a file that
 * cannot be read, a scan that cannot be prepared or has no images, and a nodule that is left out end the work. What was read
 * lies in a hidden folder beside `out` until it is needed, so that memory does not grow with it; a run that is stopped or
 * killed leaves it there, and the next one goes on from it. A folder without anything to prepare, or an output folder that
 * holds something else, is an error, after which nothing has changed.
 *
 * @returns the manifest as written
 * @throws {@link InputError} for such folders, `OptionError` for an option out of range, `FileWriteError` where the system
 *   lets nothing be written
 */
export async function prepareDataset(
  options: PrepareOptions,
): Promise<Manifest> {
  try {
    return await prepareAll(options);
  } catch (error) {
    throw asFileWriteError(options.out, error);
  }
}

async function prepareAll(options: PrepareOptions): Promise<Manifest> {
  const checked = checkOptions(options);
  // Said before the long reading, not after it.
  await expectReplaceable(options.out);
  const partial = await PartialFolder.open(options.out);
  try {
    const manifest = await prepareWith(options, checked, partial);
    await partial.remove();
    return manifest;
  } catch (error) {
    // Another attempt would come to the same end, but for one that is not strict, or into another folder.
    const final =
      error instanceof InputError &&
      !(error instanceof StrictError || error instanceof OccupiedError);
    await (final ? partial.remove() : partial.leave());
    // A thread that was ended by it fails in its own words.
    options.signal?.throwIfAborted();
    throw error;
  }
}

async function prepareWith(
  options: PrepareOptions,
  checked: CheckedOptions,
  partial: PartialFolder,
): Promise<Manifest> {
  const files = await filesOf(options);
  const { signal } = options;
  const threads = threadsFor(files.count, checked.workers);
  const workers = startWorkers(threads, signal);
  const stop = (): void => void workers.close();
  signal?.addEventListener('abort', stop);
  try {
    const job = { options, checked, partial, workers };
    return await makeDataset(await readInput(files, job), job);
  } finally {
    signal?.removeEventListener('abort', stop);
    await workers.close();
  }
}

/** With fewer files, a thread takes longer to start than it saves. */
const filesForThread = 32;
/** With fewer, this thread alone does not fill its memory: the collector of another can be told to come often. */
const filesForOneThread = 10_000;

/** How many threads to start beside this one. */
function threadsFor(files: number, workers: number): number {
  const threads = Math.min(workers, Math.ceil(files / filesForThread));
  return threads > 1 || files >= filesForOneThread ? threads : 0;
}

interface Job {
  readonly options: PrepareOptions;
  readonly checked: CheckedOptions;
  readonly partial: PartialFolder;
  readonly workers: Workers;
}

async function makeDataset(input: Input, job: Job): Promise<Manifest> {
  const { options, checked } = job;
  const writer = await DatasetWriter.start(
    options.out,
    cropSize * checked.margin,
  );
  try {
    const result = await prepareScans(input, writer, job);
    if (result.nodules.length === 0) refuseEmpty(options.folder, result);
    const folds = makeFolds(result.nodules, checked);
    expectNoLeak(result.nodules, (i) => folds[i]);
    const manifest = manifestOf(input, result, folds, checked);
    await writer.finish({
      nodules: result.nodules.map(({ row }) => row),
      scans: result.scans.map(({ row }) => row),
      folds: result.nodules.map(({ row: { id, patient } }, i) => ({
        id,
        patient,
        fold: foldAt(folds, i),
        part: '',
      })),
      readers: result.nodules.map(({ readers }) => readers),
      manifest,
    });
    return manifest;
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

function foldAt(folds: readonly number[], nodule: number): number {
  const fold = folds[nodule];
  if (fold !== undefined) return fold;
  throw new RangeError(`nodule ${nodule} is in none of the folds`);
}

interface Input {
  readonly annotations: Annotations<KeptReadings>;
  readonly index: SeriesIndex<SeriesParts<KeptPiece>>;
  readonly scans: readonly KeptScan[];
  /** scans of whose slices none could be read */
  readonly failures: readonly ScanFailure[];
  readonly scansWithoutImages: number;
  readonly seriesWithoutAnnotations: number;
  readonly warnings: readonly Warning[];
}

interface InputFiles {
  readonly count: number;
  readonly xml: FileList;
  readonly others: FileList;
}

async function filesOf({
  folder,
  out,
  signal,
}: PrepareOptions): Promise<InputFiles> {
  const own = await realFolder(out);
  const xml = new FileList(annotationBatchSize);
  const others = new FileList(headerBatchSize);
  for await (const file of walkFiles(folder, signal)) {
    // A dataset that lies in its own input is no part of it.
    if (isInside(file.path, own) || isInside(file.path, resolve(out))) continue;
    (isXml(file) ? xml : others).add(file);
  }
  return { count: xml.length + others.length, xml, others };
}

function isInside(path: string, folder: string): boolean {
  return resolve(path).startsWith(folder + sep);
}

/**
 * Reads all annotations and headers, which stay in the partial folder until their scan is prepared: memory holds where they
 * are, and so does not grow with what they say.
 */
async function readInput(
  { count, xml, others }: InputFiles,
  {
    options,
    checked: { patients, strict },
    partial: { path: keep },
    workers,
  }: Job,
): Promise<Input> {
  const { folder } = options;
  // The next batch waits where a thread will take it.
  const atOnce = 2 * workers.threads;
  const annotations = await gatherAnnotations<PackedFiles, KeptReadings>(
    {
      total: xml.length,
      batches: xml.batches(),
      read: (batch) => workers.annotations({ files: batch, keep }),
      atOnce,
      contentOf: ({ piece }) => readingsContent(readKeptReadings(keep, piece)),
    },
    options,
  );
  if (strict) expectNoneUnreadable(annotations.warnings);
  if (annotations.ct === 0) {
    throw new InputError(
      `${folder}: holds no annotations of a CT; ${xml.length} of its ${count} files are named *.xml${because(annotations.warnings)}. Expected the XML files of LIDC-IDRI and its CT series`,
    );
  }
  const index = await groupSeries(
    {
      total: others.length,
      batches: others.batches(),
      read: (batch) => workers.headers({ files: batch, keep }),
      atOnce,
    },
    options,
  );
  if (strict) expectNoneUnreadable(index.warnings);
  if (index.series.size === 0) {
    throw new InputError(
      `${folder}: holds no DICOM file of a CT, among ${count} files${passedOverText(index)}. Expected the CT series that the ${annotations.ct} annotation files are of`,
    );
  }

  const warnings = [...annotations.warnings, ...index.warnings];
  const scans: KeptScan[] = [];
  const failures: ScanFailure[] = [];
  const damage = damageFinder(index, annotations.scans);
  const annotated = new Set<string>();
  let scansWithoutImages = 0;
  for (const readings of annotations.scans) {
    annotated.add(readings.seriesUid);
    const series = index.series.get(readings.seriesUid);
    const { seriesUid, file, piece } = readings;
    const damaged = series === undefined ? damage(readings) : undefined;
    if (damaged !== undefined) {
      const patient = patientOf(file, seriesUid) ?? seriesUid;
      failures.push({ scan: seriesUid, patient, file, message: damaged });
      continue;
    }
    if (series === undefined) {
      if (strict && patients === null) refuseWithoutImages(readings);
      scansWithoutImages += 1;
      continue;
    }
    const found = series.patientId ?? patientOf(file, seriesUid);
    const patient = found ?? seriesUid;
    if (found === null) {
      const message =
        'its slices have no Patient ID; the scan is taken as a patient of its own';
      warnings.push({ code: 'no-patient-id', file, message });
    }
    warnings.push(...readings.oddities);
    const slices = series.parts;
    scans.push({ patient, file, seriesUid, readings: piece, slices });
  }
  if (scans.length === 0) {
    const [failure] = failures;
    throw new InputError(
      failure === undefined
        ? `${folder}: none of its ${index.series.size} CT series belongs to one of its ${annotations.scans.length} annotated scans${passedOverText(index)}`
        : `${folder}: none of its ${failures.length} annotated scans with images can be prepared; ${failure.file}: ${failure.message}`,
    );
  }
  scans.sort(
    (a, b) =>
      comparePaths(a.patient, b.patient) ||
      comparePaths(a.seriesUid, b.seriesUid),
  );
  const seriesWithoutAnnotations = [...index.series.keys()].filter(
    (uid) => !annotated.has(uid),
  ).length;
  return {
    annotations,
    index,
    scans: ofPatients(scans, patients, folder),
    failures: patients === null ? failures : failures.filter(isAsked(patients)),
    scansWithoutImages,
    seriesWithoutAnnotations,
    warnings,
  };
}

/** Of a number of patients it is not known which they are before all are. */
function isAsked(
  patients: readonly string[] | number,
): (failure: ScanFailure) => boolean {
  return ({ patient }) =>
    typeof patients === 'object' && patients.includes(patient);
}

/** @throws {@link InputError} for a patient without a scan */
function ofPatients(
  scans: readonly KeptScan[],
  patients: CheckedOptions['patients'],
  folder: string,
): readonly KeptScan[] {
  if (patients === null) return scans;
  const known = [...new Set(scans.map(({ patient }) => patient))];
  const wanted = new Set(
    typeof patients === 'number' ? known.slice(0, patients) : patients,
  );
  const lacking = [...wanted].filter((patient) => !known.includes(patient));
  if (lacking.length > 0) {
    throw new InputError(
      `${folder}: has no annotated scan of ${lacking.slice(0, 5).join(', ')}; it has ${known.length} patients, the first ${known.slice(0, 3).join(', ')}`,
    );
  }
  return scans.filter(({ patient }) => wanted.has(patient));
}

interface Result {
  readonly nodules: readonly Nodule[];
  readonly scans: readonly PreparedScan[];
  readonly failures: readonly ScanFailure[];
}

interface Nodule {
  readonly patient: string;
  readonly label: Label;
  readonly row: NoduleRow;
  readonly readers: ReaderRow;
}

async function prepareScans(
  { scans: inputs, failures: unreadable }: Input,
  writer: DatasetWriter,
  { options: { signal, onProgress }, checked, partial, workers }: Job,
): Promise<Result> {
  const nodules: Nodule[] = [];
  const scans: PreparedScan[] = [];
  const failures: ScanFailure[] = [...unreadable];
  let done = 0;
  const prepare = async (input: KeptScan) => {
    signal?.throwIfAborted();
    const outcome = await workers.scan({
      scan: input,
      options: checked,
      keep: partial.path,
    });
    return { input, outcome };
  };
  const results = mapOrdered(inputs, 2 * workers.threads, prepare);
  for await (const { input, outcome } of results) {
    signal?.throwIfAborted();
    onProgress?.({ stage: 'scans', done: ++done, total: inputs.length });
    const scan = 'path' in outcome ? readScanFile(outcome.path, checked) : null;
    if (!scan) {
      const failure = failureOf(input, outcome);
      if (checked.strict) refuseFailure(failure);
      failures.push(failure);
      continue;
    }
    if (checked.strict) refuseLeftOut(scan);
    for (const { crop, ...nodule } of scan.nodules) {
      await writer.addCrop(crop);
      nodules.push(nodule);
    }
    // The crops are written: only the rows have to stay in memory.
    scans.push({ ...scan, nodules: [] });
  }
  return { nodules, scans, failures };
}

function failureOf(
  { file, patient, seriesUid: scan }: KeptScan,
  outcome: ScanOutcome,
): ScanFailure {
  const message =
    'failure' in outcome
      ? outcome.failure
      : `${outcome.path}: was not written whole`;
  return { scan, patient, file, message };
}

function manifestOf(
  input: Input,
  { nodules, scans, failures }: Result,
  folds: readonly number[],
  options: CheckedOptions,
): Manifest {
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
    rule,
    options: {
      minReaders,
      label,
      margin,
      patients: typeof asked === 'object' && asked ? [...asked] : asked,
      folds: foldCount,
      seed,
    },
    ratings: true,
    split: 'made',
    window: { ...lungWindow },
    crop: {
      size: cropSize * margin,
      scale: cropScale * margin,
      outside: airHu,
    },
    counts: {
      nodules: nodules.length,
      labels: {
        benign: ofLabel(labels[0]),
        unsure: ofLabel(labels[1]),
        malignant: ofLabel(labels[2]),
      },
      scans: scans.length,
      patients,
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
      warnings: countWarnings(warnings),
    },
    failures: [...failures],
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

function refuseEmpty(folder: string, { scans, failures }: Result): never {
  const [failure] = failures;
  const failed = failure
    ? `; ${failures.length} scans could not be prepared, the first because ${failure.message}`
    : '';
  const fewer = scans.reduce((sum, scan) => sum + scan.tooFewReaders, 0);
  const left = scans.reduce((sum, scan) => sum + scan.leftOut, 0);
  throw new InputError(
    `${folder}: gives not one nodule; nothing was written. ${fewer} nodules have too few readers and ${left} were left out${because(scans.flatMap((scan) => scan.warnings))}, in ${scans.length} scans${failed}`,
  );
}

function because([first]: readonly Warning[]): string {
  return first ? ` (${first.message})` : '';
}
