import { OptionError } from '../../errors.js';

/** One of the parts that a collection is prepared in. */
export interface Shard {
  /** from 1 */
  readonly number: number;
  /** how many there are */
  readonly of: number;
}

/** More would be files and jobs without a patient in any collection that there is. */
const mostShards = 10_000;

/** Reads `3/8`. @throws {@link OptionError} for anything else */
export function parseShard(text: string): Shard {
  const [, first, second] = /^(\d+)\/(\d+)$/.exec(text.trim()) ?? [];
  const shard = { number: Number(first), of: Number(second) };
  if (!isShard(shard)) {
    throw new OptionError(
      `--shard ${text}: expected which shard of how many, counted from 1 and at most ${mostShards}, such as 3/8`,
    );
  }
  return shard;
}

/** @throws {@link OptionError} for a shard that there cannot be */
export function expectShard(shard: Shard): void {
  if (isShard(shard)) return;
  throw new OptionError(
    `shard is ${shard.number} of ${shard.of}, expected whole numbers, from 1, and at most ${mostShards}`,
  );
}

function isShard({ number, of }: Shard): boolean {
  return (
    Number.isInteger(number) &&
    Number.isInteger(of) &&
    1 <= number &&
    number <= of &&
    of <= mostShards
  );
}

/** `3/8`. */
export function shownShard({ number, of }: Shard): string {
  return `${number}/${of}`;
}

/**
 * What belongs to a shard: of the patients in their order, every n-th one, so that all shards have the same number of them, but
 * for one. A patient's scans stay together.
 *
 * @param items in the order of their patients
 */
export function partOf<T extends { readonly patient: string }>(
  items: readonly T[],
  { number, of }: Shard,
): readonly T[] {
  const patients = new Map<string, number>();
  for (const { patient } of items) {
    if (!patients.has(patient)) patients.set(patient, patients.size);
  }
  return items.filter(
    ({ patient }) => (patients.get(patient) ?? NaN) % of === number - 1,
  );
}
