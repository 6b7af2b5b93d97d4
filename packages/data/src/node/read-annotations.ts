import { setImmediate } from 'node:timers/promises';

import { LidcXmlError } from '../errors.js';
import { resolveDuplicates } from '../lidc-xml/duplicates.js';
import { parseLidcXml } from '../lidc-xml/parse.js';
import type { CtReadings, LidcFile } from '../lidc-xml/readings.js';
import type { JobOptions } from '../progress.js';
import type { Warning } from '../warning.js';
import { Scratch } from './file-bytes.js';
import type { FoundFile } from './list-files.js';
import { batchesOf, mapOrdered } from './ordered.js';

/** The annotation files among the files of a folder. */
export interface Annotations {
  /** number of `.xml` files */
  readonly files: number;
  readonly ct: number;
  readonly radiographs: number;
  readonly unreadable: number;
  /** one set of readings per series, in the order of their files */
  readonly scans: readonly CtReadings[];
  readonly warnings: readonly Warning[];
}

/** What some annotation files hold, in the order of the files: plain data, which may come from another thread. */
export interface AnnotationBatch {
  readonly contents: readonly LidcFile[];
  /** of files that could not be read */
  readonly warnings: readonly Warning[];
}

/** What reads some annotation files, and how many batches at once. */
export interface AnnotationReader {
  readonly read: (files: readonly FoundFile[]) => Promise<AnnotationBatch>;
  readonly atOnce: number;
}

/** Files of a batch. */
const batchSize = 4;

/** In this thread. Between two batches, what else is to be done, such as an interrupt, has its turn. */
const here: AnnotationReader = {
  read: async (files) => {
    await setImmediate();
    return parseFiles(files);
  },
  atOnce: 1,
};

const text = new Scratch();

/** Reads and parses files one after the other: parsing takes longer than reading, so nothing is gained by more at once. */
export function parseFiles(files: readonly FoundFile[]): AnnotationBatch {
  const contents: LidcFile[] = [];
  const warnings: Warning[] = [];
  for (const { path, name } of files) {
    try {
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
export async function readAnnotations(
  files: readonly FoundFile[],
  { signal, onProgress }: JobOptions = {},
  { read, atOnce }: AnnotationReader = here,
): Promise<Annotations> {
  const readings: CtReadings[] = [];
  const warnings: Warning[] = [];
  let radiographs = 0;
  let done = 0;
  const batches = batchesOf(files, batchSize);
  const results = mapOrdered(batches, atOnce, async (batch) => {
    signal?.throwIfAborted();
    return [batch.length, await read(batch)] as const;
  });
  for await (const [count, batch] of results) {
    signal?.throwIfAborted();
    done += count;
    onProgress?.({ stage: 'annotations', done, total: files.length });
    for (const content of batch.contents) {
      if (content.kind === 'ct') readings.push(content);
      else radiographs += 1;
    }
    warnings.push(...batch.warnings);
  }
  const unreadableCount = warnings.length;
  const { scans, superseded } = resolveDuplicates(readings);
  for (const { file, by, same } of superseded) {
    const difference = same ? 'says the same' : 'says something else';
    const message = `is of the same series as ${by}, which is used; this file ${difference}`;
    warnings.push({ code: 'superseded', file, message });
  }
  return {
    files: files.length,
    ct: readings.length,
    radiographs,
    unreadable: unreadableCount,
    scans,
    warnings,
  };
}

/** @throws what is neither a malformed file nor one that the file system does not hand out */
function unreadable(file: string, error: unknown): Warning {
  const known =
    error instanceof LidcXmlError ||
    (error instanceof Error && 'syscall' in error);
  if (!known) throw error;
  return { code: 'unreadable-xml', file, message: error.message };
}
