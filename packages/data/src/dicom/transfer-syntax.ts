import { UnsupportedSyntaxError } from '../errors.js';
import type { Encoding } from './data-set.js';

/** The families of compressed pixels that can be decoded. */
export type Compression =
  | 'rle'
  | 'jpeg'
  | 'jpeg-lossless'
  | 'jpeg-ls'
  | 'jpeg-2000';

/** How a file encodes its elements and its pixels. */
export interface TransferSyntax {
  readonly uid: string;
  readonly name: string;
  /** whether each element names its type (VR) */
  readonly explicit: boolean;
  /** byte order of the elements and of the pixels */
  readonly littleEndian: boolean;
  /** whether all that follows the file meta information is deflated */
  readonly deflated: boolean;
  /** whether the pixels are compressed, so that a file has to be read and decoded whole */
  readonly compressed: boolean;
  /** which decoder compressed pixels take; null for uncompressed ones, and for a syntax without a decoder */
  readonly compression: Compression | null;
}

const plain = {
  explicit: true,
  littleEndian: true,
  deflated: false,
  compressed: false,
  compression: null,
};

const uncompressed: readonly TransferSyntax[] = [
  {
    ...plain,
    uid: '1.2.840.10008.1.2',
    name: 'Implicit VR Little Endian',
    explicit: false,
  },
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

/** The compressed syntaxes that CT is met in. */
const compressed: readonly (readonly [
  uid: string,
  name: string,
  compression: Compression | null,
])[] = [
  ['1.2.840.10008.1.2.4.50', 'JPEG Baseline', 'jpeg'],
  ['1.2.840.10008.1.2.4.51', 'JPEG Extended', 'jpeg'],
  ['1.2.840.10008.1.2.4.57', 'JPEG Lossless', 'jpeg-lossless'],
  [
    '1.2.840.10008.1.2.4.70',
    'JPEG Lossless, First-Order Prediction',
    'jpeg-lossless',
  ],
  ['1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless', 'jpeg-ls'],
  ['1.2.840.10008.1.2.4.81', 'JPEG-LS Near-Lossless', 'jpeg-ls'],
  ['1.2.840.10008.1.2.4.90', 'JPEG 2000 Lossless', 'jpeg-2000'],
  ['1.2.840.10008.1.2.4.91', 'JPEG 2000', 'jpeg-2000'],
  ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 Lossless', null],
  ['1.2.840.10008.1.2.5', 'RLE Lossless', 'rle'],
];

/**
 * The transfer syntax of a UID.
 *
 * @param file the name that errors start with
 * @throws {@link UnsupportedSyntaxError} for a private syntax, whose encoding nobody can know
 * @see DICOM PS3.5, Annex A
 */
export function transferSyntaxOf(uid: string, file: string): TransferSyntax {
  const found = uncompressed.find((syntax) => syntax.uid === uid);
  if (found) return found;
  const known = compressed.find(([own]) => own === uid);
  if (known) {
    const [, name, compression] = known;
    return { ...plain, uid, name, compressed: true, compression };
  }
  if (/^1\.2\.840\.10008\.1\.2\.[45](\.|$)/.test(uid)) {
    const name = 'a compressed one without a decoder here';
    return { ...plain, uid, name, compressed: true, compression: null };
  }
  throw new UnsupportedSyntaxError(
    file,
    uid,
    `is in the transfer syntax "${uid.slice(0, 80)}"; known: ${uncompressed.map((syntax) => syntax.uid).join(', ')} and the compressed ones of DICOM`,
  );
}

/** The syntax of uncompressed pixels in elements of this encoding. @throws RangeError for implicit big-endian, which is none */
export function plainSyntax({
  explicit,
  littleEndian,
}: Encoding): TransferSyntax {
  const found = uncompressed.find(
    (syntax) =>
      !syntax.deflated &&
      syntax.explicit === explicit &&
      syntax.littleEndian === littleEndian,
  );
  if (found) return found;
  throw new RangeError('no transfer syntax is implicit and big-endian');
}
