import type { ScanFailure } from '../../../dataset/source-record.js';
import { InputError } from '../../../errors.js';
import type { Warning } from '../../../warning.js';
import type { KeptReadings } from '../../scratch/partial-readings.js';
import type { PreparedScan } from './prepare-scan.js';

/** What would be recorded as lost, where nothing may be. Another attempt, which is not strict, goes on from what was prepared. */
export class StrictError extends InputError {}

const asked = 'strict preparation was asked for';

/** Files that cannot be read may hold what belongs into the dataset. @throws {@link StrictError} for the first */
export function expectNoneUnreadable(warnings: readonly Warning[]): void {
  const lost = warnings.filter(({ code }) => code.startsWith('unreadable-'));
  const [first] = lost;
  if (first === undefined) return;
  throw new StrictError(
    `${lost.length} ${lost.length === 1 ? 'file' : 'files'} cannot be read, and ${asked}; the first: ${first.message}`,
  );
}

/** @throws {@link StrictError} for annotations of which there are no images */
export function refuseWithoutImages({
  file,
  seriesUid,
}: Pick<KeptReadings, 'file' | 'seriesUid'>): never {
  throw new StrictError(
    `${file}: there are no images of scan ${seriesUid}, and ${asked}; add them, or name the patients to prepare`,
  );
}

/** A nodule that is left out is lost, too. @throws {@link StrictError} */
export function refuseLeftOut({ warnings }: PreparedScan): void {
  const lost = warnings.find(({ code }) => code === 'nodule-left-out');
  if (lost === undefined) return;
  throw new StrictError(`${lost.file}: ${lost.message}, and ${asked}`);
}

/** @throws {@link StrictError} for a scan that cannot be prepared */
export function refuseFailure({
  scan,
  patient,
  file,
  message,
}: ScanFailure): never {
  throw new StrictError(
    `${file}: scan ${scan} of patient ${patient} cannot be prepared, and ${asked}: ${message}`,
  );
}
