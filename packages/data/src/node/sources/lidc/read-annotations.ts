import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

import { LidcXmlError } from '../../../errors.js';
import {
  type FileOfSeries,
  keepOneOfSeries,
  readingsContent,
} from '../../../lidc-xml/duplicates.js';
import { expectXmlSize, parseLidcXml } from '../../../lidc-xml/parse.js';
import type {
  CtReadings,
  LidcFile,
  RadiographReadings,
} from '../../../lidc-xml/readings.js';
import type { JobOptions } from '../../../progress.js';
import type { Warning } from '../../../warning.js';
import { Scratch } from '../../series/file-bytes.js';
import type { FoundFile } from '../../series/list-files.js';
import { batchesOf, mapOrdered } from '../../jobs/ordered.js';
import { isSystemError, systemProblem } from '../../series/unreadable-file.js';

/** The annotation files among the files of a folder. */
export interface Annotations<Readings = CtReadings> {
  /** number of `.xml` files */
  readonly files: number;
  readonly ct: number;
  readonly radiographs: number;
  readonly unreadable: number;
  /** one set of readings per series, in the order of their files */
  readonly scans: readonly Readings[];
  readonly warnings: readonly Warning[];
}

/** What some annotation files hold, in the order of the files: plain data, which may come from another thread. */
export interface AnnotationBatch<File = LidcFile> {
  readonly contents: readonly File[];
  /** of files that could not be read */
  readonly warnings: readonly Warning[];
}

/** Annotation files that are to be read, in batches. */
export interface AnnotationJob<Batch, Readings> {
  /** how many files there are */
  readonly total: number;
  readonly batches: Iterable<Batch>;
  readonly read: (
    batch: Batch,
  ) => Promise<AnnotationBatch<Readings | RadiographReadings>>;
  /** how many batches at once */
  readonly atOnce: number;
  /** what a file says of its series */
  readonly contentOf: (readings: Readings) => string;
}

/** Files of a batch. */
export const annotationBatchSize = 4;

const text = new Scratch();

/** Reads and parses files one after the other: parsing takes longer than reading, so nothing is gained by more at once. */
export function parseFiles(files: readonly FoundFile[]): AnnotationBatch {
  const contents: LidcFile[] = [];
  const warnings: Warning[] = [];
  for (const { path, name } of files) {
    try {
      expectXmlSize(statSync(path).size, name);
      contents.push(parseLidcXml(text.readWhole(path), name));
    } catch (error) {
      warnings.push(unreadable(name, error));
    }
  }
  return { contents, warnings };
}

/**
 * Reads annotation files. A file that cannot be parsed becomes a warning, `unreadable-xml`; one that gives way to
 * another of its series a warning `superseded`.
 */
export function readAnnotations(
  files: readonly FoundFile[],
  options: JobOptions = {},
): Promise<Annotations> {
  const job: AnnotationJob<readonly FoundFile[], CtReadings> = {
    total: files.length,
    batches: batchesOf(files, annotationBatchSize),
    // Between two batches, what else is to be done, such as an interrupt, has its turn.
    read: async (batch) => {
      await setImmediate();
      return parseFiles(batch);
    },
    atOnce: 1,
    contentOf: readingsContent,
  };
  return gatherAnnotations(job, options);
}

/** As {@link readAnnotations}, whatever the reader gives for the readings of a CT. */
export async function gatherAnnotations<
  Batch extends { readonly length: number },
  Readings extends FileOfSeries & Pick<CtReadings, 'kind'>,
>(
  { total, batches, read, atOnce, contentOf }: AnnotationJob<Batch, Readings>,
  { signal, onProgress }: JobOptions,
): Promise<Annotations<Readings>> {
  const readings: Readings[] = [];
  const warnings: Warning[] = [];
  let radiographs = 0;
  let done = 0;
  const results = mapOrdered(batches, atOnce, async (batch) => {
    signal?.throwIfAborted();
    return [batch.length, await read(batch)] as const;
  });
  for await (const [count, batch] of results) {
    signal?.throwIfAborted();
    done += count;
    onProgress?.({ stage: 'annotations', done, total });
    for (const content of batch.contents) {
      if (content.kind === 'ct') readings.push(content);
      else radiographs += 1;
    }
    warnings.push(...batch.warnings);
  }
  const unreadableCount = warnings.length;
  const { scans, superseded } = keepOneOfSeries(readings, contentOf);
  for (const { file, by, same } of superseded) {
    const difference = same ? 'says the same' : 'says something else';
    const message = `describes the same series as ${by}, which is used; this file ${difference}`;
    warnings.push({ code: 'superseded', file, message });
  }
  return {
    files: total,
    ct: readings.length,
    radiographs,
    unreadable: unreadableCount,
    scans,
    warnings,
  };
}

/** @throws what is neither a malformed file nor one that the file system does not hand out */
function unreadable(file: string, error: unknown): Warning {
  const code = 'unreadable-xml';
  if (isSystemError(error)) {
    return { code, file, message: systemProblem(file, error) };
  }
  if (!(error instanceof LidcXmlError)) throw error;
  return { code, file, message: error.message };
}
