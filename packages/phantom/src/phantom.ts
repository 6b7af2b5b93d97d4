import { OptionError } from '@clip-lung/data';
import { RandomStream } from '@clip-lung/tensor';

import { noiseTile } from './noise.js';
import { patientsForAllQuirks } from './quirks/apply-quirks.js';
import { type Scanner, scanners } from './scanner.js';
import { UidSource } from './uid.js';

export interface PhantomOptions {
  /** how many patients, 1 to 9999; each has one scan */
  readonly patients?: number | undefined;
  /** of everything random: equal options make equal files */
  readonly seed?: number | undefined;
  /** the fewest and the most nodules of a patient, within 0 to 8 */
  readonly nodulesPerPatient?: readonly [min: number, max: number] | undefined;
  /** pixels of a slice's side, 64 to 512 */
  readonly matrix?: number | undefined;
  /** whether each patient has oddities that real files have, listed in `quirks.json`; needs 14 patients to show them all */
  readonly quirks?: boolean | undefined;
}

/** A phantom's options, and what all of its patients share. */
export interface Phantom {
  readonly patients: number;
  readonly seed: number;
  readonly nodulesPerPatient: readonly [min: number, max: number];
  readonly matrix: number;
  readonly quirks: boolean;
  readonly uids: UidSource;
  /** noise of each scanner, see `noiseTile` */
  readonly tiles: ReadonlyMap<Scanner, readonly Float32Array[]>;
}

const tilesPerScanner = 2;

/** @throws `OptionError` for an option out of its range */
export function definePhantom({
  patients = 60,
  seed = 1,
  nodulesPerPatient = [2, 4],
  matrix = 128,
  quirks = false,
}: PhantomOptions = {}): Phantom {
  expectWhole('patients', patients, 1, 9999);
  expectWhole('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  expectWhole('matrix', matrix, 64, 512);
  const [least, most] = nodulesPerPatient;
  expectWhole('nodulesPerPatient[0]', least, 0, 8);
  expectWhole('nodulesPerPatient[1]', most, least, 8);
  if (quirks && patients < patientsForAllQuirks) {
    throw new OptionError(
      `option "quirks" needs at least ${patientsForAllQuirks} patients, so that every oddity occurs; there are ${patients}`,
    );
  }
  const random = new RandomStream(seed, 'phantom', 'tiles');
  const tiles = scanners.map(
    (scanner) =>
      [
        scanner,
        Array.from({ length: tilesPerScanner }, (_, i) =>
          noiseTile(
            scanner.noiseGrain,
            random.stream(scanner.model, String(i)),
          ),
        ),
      ] as const,
  );
  return {
    patients,
    seed,
    nodulesPerPatient,
    matrix,
    quirks,
    uids: new UidSource(seed),
    tiles: new Map(tiles),
  };
}

function expectWhole(
  name: string,
  value: number,
  low: number,
  high: number,
): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  throw new OptionError(
    `option "${name}" is ${value}, expected a whole number from ${low} to ${high}`,
  );
}
