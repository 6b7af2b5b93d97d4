import type { Label } from '@clip-lung/lidc';

import type { NoduleRow, ReaderRow } from '../../../dataset/format.js';
import type { ScanFailure } from '../../../dataset/source-record.js';
import { InputError } from '../../../errors.js';
import type { Warning } from '../../../warning.js';
import type { DatasetWriter } from '../../dataset/dataset-writer.js';
import { mapOrdered } from '../../jobs/ordered.js';
import {
  type KeptScan,
  readScanFile,
  type ScanOutcome,
} from '../../jobs/scan-task.js';
import type { Job } from './job.js';
import type { PreparedScan } from './prepare-scan.js';
import type { Input } from './read-input.js';
import { refuseFailure, refuseLeftOut } from './strict.js';

/** What became of the scans. */
export interface Result {
  readonly nodules: readonly Nodule[];
  readonly scans: readonly PreparedScan[];
  readonly failures: readonly ScanFailure[];
}

export interface Nodule {
  readonly patient: string;
  readonly label: Label;
  readonly row: NoduleRow;
  readonly readers: ReaderRow;
}

export async function prepareScans(
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

/** @throws {@link InputError} where there is nothing to make a dataset of, and says why */
export function refuseEmpty(
  folder: string,
  { scans, failures }: Result,
): never {
  const [failure] = failures;
  const failed = failure
    ? `; ${failures.length} scans could not be prepared, the first because ${failure.message}`
    : '';
  const fewer = scans.reduce((sum, scan) => sum + scan.tooFewReaders, 0);
  const left = scans.reduce((sum, scan) => sum + scan.leftOut, 0);
  throw new InputError(
    `${folder}: yields no nodules; nothing was written. ${fewer} nodules have too few readers and ${left} were left out${because(scans.flatMap((scan) => scan.warnings))}, in ${scans.length} scans${failed}`,
  );
}

function because([first]: readonly Warning[]): string {
  return first ? ` (${first.message})` : '';
}
