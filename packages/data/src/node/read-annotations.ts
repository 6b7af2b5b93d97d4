import { readFile } from 'node:fs/promises';

import { LidcXmlError } from '../errors.js';
import { resolveDuplicates } from '../lidc-xml/duplicates.js';
import { parseLidcXml } from '../lidc-xml/parse.js';
import type { CtReadings } from '../lidc-xml/readings.js';
import type { JobOptions } from '../progress.js';
import type { Warning } from '../warning.js';
import type { FoundFile } from './list-files.js';

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

/**
 * Reads annotation files one after the other: parsing takes longer than reading, so nothing is gained by more at once.
 * A file that cannot be parsed becomes a warning, `unreadable-xml`; one that gives way to another of its series a
 * warning `superseded`.
 */
export async function readAnnotations(
  files: readonly FoundFile[],
  { signal, onProgress }: JobOptions = {},
): Promise<Annotations> {
  const readings: CtReadings[] = [];
  const warnings: Warning[] = [];
  let radiographs = 0;
  for (const [done, { path, name }] of files.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ stage: 'annotations', done, total: files.length });
    try {
      const content = parseLidcXml(await readFile(path), name);
      if (content.kind === 'ct') readings.push(content);
      else radiographs += 1;
    } catch (error) {
      warnings.push(unreadable(name, error));
    }
  }
  onProgress?.({
    stage: 'annotations',
    done: files.length,
    total: files.length,
  });
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
