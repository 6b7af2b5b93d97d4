import type { DigestPlace } from '@clip-lung/tensor/node';

/** The entry of an exported model's metadata that holds the digest of its file. */
export const digestKey = 'sha256';

/**
 * Where it stands in the file: metadata is written last, as entries of a key (field 1) and a value (field 2), each with its
 * length before it.
 */
export const modelDigestPlace: DigestPlace = {
  label: `\x0a${String.fromCharCode(digestKey.length)}${digestKey}\x12\x40`,
  which: 'last',
};
