import { createHash } from 'node:crypto';

/** As many zeros as a SHA-256 has digits: what stands in the place of a digest while it is computed. */
export const noDigest = '0'.repeat(64);

/** Where a file's own digest stands: behind a label of its format. */
export interface DigestPlace {
  /** what stands right before the digits */
  readonly label: string;
  /** which, where there are several: a header has the first, an end the last */
  readonly which: 'first' | 'last';
}

/** Of indented JSON that ends with `"sha256"`, where fields of this name further in have more blanks before them. */
export const endOfJson: DigestPlace = {
  label: '\n  "sha256": "',
  which: 'last',
};

/**
 * Puts a digest into the bytes that it is of: the hex SHA-256 of all of them, with zeros for its own 64 digits.
 *
 * @param bytes with {@link noDigest} behind the label; they are changed in place
 */
export function putOwnDigest(bytes: Uint8Array, place: DigestPlace): void {
  const at = placeOf(bytes, place);
  if (at === undefined || digitsAt(bytes, at) !== noDigest) {
    throw new TypeError(`there is no place for a digest behind ${place.label}`);
  }
  bytes.set(Buffer.from(digestAround(bytes, at), 'latin1'), at);
}

/**
 * What is wrong with bytes that should hold their own digest; undefined where they are as they were written.
 *
 * It finds damage, not forgery: whoever can change a file can change its digest, too.
 */
export function ownDigestProblem(
  bytes: Uint8Array,
  place: DigestPlace,
): string | undefined {
  const at = placeOf(bytes, place);
  if (at === undefined) {
    return 'has lost its SHA-256: it was damaged, or changed by other software';
  }
  const [carried, found] = [digitsAt(bytes, at), digestAround(bytes, at)];
  return carried === found
    ? undefined
    : `was damaged or changed after it was written: its SHA-256 is ${found}, it says ${carried}`;
}

/**
 * A JSON object that ends with its own digest, as `sha256`.
 *
 * @param toText makes JSON of it, indented by two blanks; default as `JSON.stringify` does
 */
export function jsonWithDigest(
  value: object,
  toText: (value: object) => string = (one) => JSON.stringify(one, null, 2),
): Uint8Array {
  const bytes = Buffer.from(`${toText({ ...value, sha256: noDigest })}\n`);
  putOwnDigest(bytes, endOfJson);
  return bytes;
}

/**
 * Takes the digest off a JSON object that {@link jsonWithDigest} made, and compares it.
 *
 * @param value what the bytes hold
 * @param isDue whether an object has to carry a digest; of others, one that is there is compared all the same
 * @returns the object without it, or what is wrong
 */
export function jsonWithoutDigest(
  value: unknown,
  bytes: Uint8Array,
  isDue: (rest: Readonly<Record<string, unknown>>) => boolean,
): { readonly value: unknown } | { readonly problem: string } {
  if (typeof value !== 'object' || value === null) return { value };
  const { sha256, ...rest } = value as Readonly<Record<string, unknown>>;
  if (sha256 === undefined && !isDue(rest)) return { value };
  const problem = ownDigestProblem(bytes, endOfJson);
  return problem === undefined ? { value: rest } : { problem };
}

function placeOf(
  bytes: Uint8Array,
  { label, which }: DigestPlace,
): number | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at =
    which === 'first'
      ? buffer.indexOf(label, 0, 'latin1')
      : buffer.lastIndexOf(label, undefined, 'latin1');
  if (at < 0 || at + label.length + noDigest.length > bytes.length) {
    return undefined;
  }
  return at + label.length;
}

function digitsAt(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, at + noDigest.length)).toString(
    'latin1',
  );
}

function digestAround(bytes: Uint8Array, at: number): string {
  return createHash('sha256')
    .update(bytes.subarray(0, at))
    .update(noDigest)
    .update(bytes.subarray(at + noDigest.length))
    .digest('hex');
}
