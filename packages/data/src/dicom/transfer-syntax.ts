import { UnsupportedSyntaxError } from '../errors.js';

/** How a file encodes its elements and its pixels. */
export interface TransferSyntax {
  readonly uid: string;
  readonly name: string;
  /** byte order of the pixels */
  readonly littleEndian: boolean;
  /** whether all that follows the file meta information is deflated */
  readonly deflated: boolean;
  /** whether the pixels are compressed, so that they can't be read here */
  readonly compressed: boolean;
}

const plain = { littleEndian: true, deflated: false, compressed: false };

const known: readonly TransferSyntax[] = [
  { ...plain, uid: '1.2.840.10008.1.2', name: 'Implicit VR Little Endian' },
  { ...plain, uid: '1.2.840.10008.1.2.1', name: 'Explicit VR Little Endian' },
  {
    ...plain,
    uid: '1.2.840.10008.1.2.1.99',
    name: 'Deflated Explicit VR Little Endian',
    deflated: true,
  },
  {
    ...plain,
    uid: '1.2.840.10008.1.2.2',
    name: 'Explicit VR Big Endian',
    littleEndian: false,
  },
];

/** Names of the compressed syntaxes that CT is met in, so that an error can say more than a number. */
const compressedNames: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.4.50': 'JPEG Baseline',
  '1.2.840.10008.1.2.4.51': 'JPEG Extended',
  '1.2.840.10008.1.2.4.57': 'JPEG Lossless',
  '1.2.840.10008.1.2.4.70': 'JPEG Lossless, First-Order Prediction',
  '1.2.840.10008.1.2.4.80': 'JPEG-LS Lossless',
  '1.2.840.10008.1.2.4.81': 'JPEG-LS Near-Lossless',
  '1.2.840.10008.1.2.4.90': 'JPEG 2000 Lossless',
  '1.2.840.10008.1.2.4.91': 'JPEG 2000',
  '1.2.840.10008.1.2.4.201': 'High-Throughput JPEG 2000 Lossless',
  '1.2.840.10008.1.2.5': 'RLE Lossless',
};

/**
 * The transfer syntax of a UID.
 *
 * @param file the name that errors start with
 * @throws {@link UnsupportedSyntaxError} for a private syntax, whose encoding nobody can know
 * @see DICOM PS3.5, Annex A
 */
export function transferSyntaxOf(uid: string, file: string): TransferSyntax {
  const found = known.find((syntax) => syntax.uid === uid);
  if (found) return found;
  if (/^1\.2\.840\.10008\.1\.2\.[45](\.|$)/.test(uid)) {
    const name = compressedNames[uid] ?? 'compressed';
    return { ...plain, uid, name, compressed: true };
  }
  throw new UnsupportedSyntaxError(
    file,
    uid,
    `is in the transfer syntax "${uid}"; known: ${known.map((syntax) => syntax.uid).join(', ')} and the compressed ones of DICOM`,
  );
}

/** @throws {@link UnsupportedSyntaxError} when the pixels are compressed */
export function expectUncompressed(syntax: TransferSyntax, file: string): void {
  if (!syntax.compressed) return;
  throw new UnsupportedSyntaxError(
    file,
    syntax.uid,
    `has compressed pixels (${syntax.name}, transfer syntax ${syntax.uid}), which are not read yet; decompress the series first (dcmdjpeg, dcmdjpls, gdcmconv --raw)`,
  );
}
