import type { Label } from '@clip-lung/lidc';

import type { NoduleRow, ReaderRow } from '../../../dataset/format.js';
import type { ScanFailure } from '../../../dataset/source-record.js';
import { InputError } from '../../../errors.js';
import type { Warning } from '../../../warning.js';
import type { DatasetWriter } from '../../dataset/dataset-writer.js';
import type { Job } from './job.js';
import type { PreparedScan } from './prepare-scan.js';
import type { Input } from './read-input.js';
import { scansInTurn } from './scans-in-turn.js';

/** What became of the scans. */
export interface Result {
  readonly nodules: readonly Nodule[];
  readonly scans: readonly PreparedScan[];
  readonly failures: readonly ScanFailure[];
  /** how many of the scans an earlier run had prepared */
  readonly found: number;
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
  job: Job,
): Promise<Result> {
  const nodules: Nodule[] = [];
  const scans: PreparedScan[] = [];
  const failures: ScanFailure[] = [...unreadable];
  let found = 0;
  for await (const outcome of scansInTurn(inputs, job)) {
    if ('failure' in outcome) {
      failures.push(outcome.failure);
      continue;
    }
    const { scan, isFound } = outcome;
    if (isFound) found += 1;
    for (const { crop, ...nodule } of scan.nodules) {
      await writer.addCrop(crop);
      nodules.push(nodule);
    }
    // The crops are written: only the rows have to stay in memory.
    scans.push({ ...scan, nodules: [] });
  }
  return { nodules, scans, failures, found };
}

/** @throws {@link InputError} where there is nothing to make a dataset of, and says why */
export function refuseEmpty(
  folder: string,
  { scans, failures }: Pick<Result, 'scans' | 'failures'>,
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
