import { RandomStream } from '@clip-lung/tensor';

/** What a UID names; each kind has numbers of its own. */
const kinds = [
  'study',
  'series',
  'frame',
  'slice',
  'message',
  'copied-message',
  'other-series',
  'other-image',
] as const;

export type UidKind = (typeof kinds)[number];

/**
 * The UIDs of a phantom: a UUID written as a decimal below the root 2.25 (DICOM PS3.5 §B.2). The UUID's free 122 bits
 * are 58 bits that depend on the seed and 64 that number what it names, so within a phantom no two can be equal.
 */
export class UidSource {
  readonly #high: bigint;

  constructor(seed: number) {
    const random = new RandomStream(seed, 'phantom', 'uid');
    const word = (): bigint => BigInt(Math.floor(random.uniform() * 2 ** 29));
    const bits = (word() << 29n) | word();
    // RFC 9562: version 8 in bits 76 to 79, the variant 10 in bits 62 and 63.
    this.#high =
      ((bits >> 10n) << 80n) | (8n << 76n) | ((bits & 0x3ffn) << 66n);
  }

  /** @param number of the thing within the patient: a slice's instance number, else 1 */
  uid(kind: UidKind, patient: number, number = 1): string {
    const low =
      (BigInt(kinds.indexOf(kind)) << 56n) |
      (BigInt(patient) << 24n) |
      BigInt(number);
    return `2.25.${(this.#high | (2n << 62n) | low).toString()}`;
  }
}
