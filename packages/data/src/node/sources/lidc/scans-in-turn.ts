import type { ScanFailure } from '../../../dataset/source-record.js';
import { mapOrdered } from '../../jobs/ordered.js';
import {
  type KeptScan,
  readScanFile,
  type ScanOutcome,
} from '../../jobs/scan-task.js';
import type { Job } from './job.js';
import type { PreparedScan } from './prepare-scan.js';
import { refuseFailure, refuseLeftOut } from './strict.js';

/** A scan that was prepared, or why it cannot be. */
export type ScanInTurn =
  | {
      /** its crops stay what they are until the next scan */
      readonly scan: PreparedScan;
      /** the file that keeps it */
      readonly path: string;
      /** whether an earlier run had prepared it */
      readonly isFound: boolean;
    }
  | { readonly failure: ScanFailure };

/**
 * Prepares scans, several at once, and yields them in their order.
 *
 * @throws `StrictError`, where nothing may be lost, for a scan that cannot be prepared, and a nodule that is left out
 */
export async function* scansInTurn(
  inputs: readonly KeptScan[],
  { options: { signal, onProgress }, checked, partial, workers }: Job,
): AsyncGenerator<ScanInTurn, void> {
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
    if ('path' in outcome && scan) {
      if (checked.strict) refuseLeftOut(scan);
      yield { scan, ...outcome };
      continue;
    }
    const failure = failureOf(input, outcome);
    if (checked.strict) refuseFailure(failure);
    yield { failure };
  }
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
