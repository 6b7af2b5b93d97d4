import { resolve, sep } from 'node:path';

import type { ScanFailure } from '../../../dataset/source-record.js';
import { InputError } from '../../../errors.js';
import { comparePaths, readingsContent } from '../../../lidc-xml/duplicates.js';
import { patientOf } from '../../../lidc-xml/patient.js';
import type { Warning } from '../../../warning.js';
import { realFolder } from '../../dataset/out-folder.js';
import type { KeptScan } from '../../jobs/scan-task.js';
import type { KeptPiece } from '../../scratch/partial-file.js';
import {
  type KeptReadings,
  readKeptReadings,
} from '../../scratch/partial-readings.js';
import { FileList, type PackedFiles } from '../../series/file-list.js';
import { isXml, walkFiles } from '../../series/list-files.js';
import { passedOverText } from '../../series/passed-over.js';
import {
  groupSeries,
  headerBatchSize,
  type SeriesIndex,
  type SeriesParts,
} from '../../series/series-index.js';
import { otherInput } from '../other-input.js';
import { damageFinder } from './damaged-scans.js';
import type { Job } from './job.js';
import type { CheckedOptions, PrepareOptions } from './prepare-options.js';
import {
  annotationBatchSize,
  type Annotations,
  gatherAnnotations,
} from './read-annotations.js';
import { expectNoneUnreadable, refuseWithoutImages } from './strict.js';

/** What a folder of LIDC-IDRI holds, before any scan is prepared. */
export interface Input {
  readonly annotations: Annotations<KeptReadings>;
  readonly index: SeriesIndex<SeriesParts<KeptPiece>>;
  readonly scans: readonly KeptScan[];
  /** scans of whose slices none could be read */
  readonly failures: readonly ScanFailure[];
  readonly scansWithoutImages: number;
  readonly seriesWithoutAnnotations: number;
  readonly warnings: readonly Warning[];
}

/** The files below a folder, those of the dataset itself left out. */
export interface InputFiles {
  readonly count: number;
  readonly xml: FileList;
  readonly others: FileList;
}

export async function filesOf({
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
export async function readInput(
  { count, xml, others }: InputFiles,
  {
    options,
    checked: { patients, strict },
    partial: { path: keep },
    workers,
    shard: of,
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
      `${folder}: holds no annotations of a CT; ${xml.length} of its ${count} files are named *.xml${because(annotations.warnings)}. Expected the XML files of LIDC-IDRI and its CT series${await otherInput(folder)}`,
    );
  }
  const index = await groupSeries(
    {
      total: others.length,
      batches: others.batches(),
      read: async (batch) => {
        const headers = await workers.headers({ files: batch, keep });
        if (headers.made !== undefined) await of?.progress.add(headers.made);
        return headers;
      },
      atOnce,
      // Each shard begins where no other does, and finds what those have read when it comes to it.
      begin: of === undefined ? 0 : (of.shard.number - 1) / of.shard.of,
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
        'its slices have no Patient ID; the scan counts as a patient of its own';
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

function because([first]: readonly Warning[]): string {
  return first ? ` (${first.message})` : '';
}
