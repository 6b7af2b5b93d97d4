/** How a file writes its elements and its pixels. */
export interface TransferSyntax {
  readonly uid: string;
  /** whether each element names its value representation */
  readonly explicit: boolean;
  readonly littleEndian: boolean;
  /** whether all after the file meta information is deflated */
  readonly deflated: boolean;
  /** whether the pixels are run-length encoded */
  readonly rle: boolean;
}

const plain = {
  explicit: true,
  littleEndian: true,
  deflated: false,
  rle: false,
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
  rleLossless: { ...plain, uid: '1.2.840.10008.1.2.5', rle: true },
} as const satisfies Readonly<Record<string, TransferSyntax>>;
