import { type EncodableSyntax, encodableSyntaxes } from '@clip-lung/data';

/** How pixels can be compressed: all but JPEG Baseline without loss. */
export type Compression = 'rle' | 'jpeg-lossless' | EncodableSyntax;

/** How a file writes its elements and its pixels. */
export interface TransferSyntax {
  readonly uid: string;
  /** whether each element names its value representation */
  readonly explicit: boolean;
  readonly littleEndian: boolean;
  /** whether all after the file meta information is deflated */
  readonly deflated: boolean;
  /** how the pixels are compressed; null for pixels as they are */
  readonly compression: Compression | null;
}

const plain = {
  explicit: true,
  littleEndian: true,
  deflated: false,
  compression: null,
};

/** The transfer syntaxes that a phantom's files are written in. @see DICOM PS3.5 Annex A */
export const transferSyntaxes = {
  explicitLittleEndian: { ...plain, uid: '1.2.840.10008.1.2.1' },
  implicitLittleEndian: {
    ...plain,
    uid: '1.2.840.10008.1.2',
    explicit: false,
  },
  explicitBigEndian: {
    ...plain,
    uid: '1.2.840.10008.1.2.2',
    littleEndian: false,
  },
  deflated: { ...plain, uid: '1.2.840.10008.1.2.1.99', deflated: true },
  rleLossless: {
    ...plain,
    uid: '1.2.840.10008.1.2.5',
    compression: 'rle',
  },
  jpegLossless: {
    ...plain,
    uid: '1.2.840.10008.1.2.4.70',
    compression: 'jpeg-lossless',
  },
  jpegBaseline: compressed('jpeg-baseline'),
  jpegLs: compressed('jpeg-ls'),
  jpeg2000: compressed('jpeg-2000'),
} as const satisfies Readonly<Record<string, TransferSyntax>>;

function compressed(compression: EncodableSyntax): TransferSyntax {
  return { ...plain, uid: encodableSyntaxes[compression], compression };
}
