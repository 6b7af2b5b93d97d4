import { encodeWith } from './codec.js';

/** The syntaxes that images can be compressed in, by their UIDs. */
export const encodableSyntaxes = {
  /** lossy, 8 bits */
  'jpeg-baseline': '1.2.840.10008.1.2.4.50',
  'jpeg-ls': '1.2.840.10008.1.2.4.80',
  'jpeg-2000': '1.2.840.10008.1.2.4.90',
} as const;

export type EncodableSyntax = keyof typeof encodableSyntaxes;

/** A grey image as it is stored. */
export interface StoredImage {
  /** little-endian, row-major, [rows · columns · bitsAllocated / 8] */
  readonly pixels: Uint8Array;
  readonly rows: number;
  readonly columns: number;
  readonly bitsAllocated: 8 | 16;
  readonly signed: boolean;
}

/**
 * Compresses an image, without loss but for JPEG Baseline: what a fragment of Pixel Data holds. The encoders are loaded at
 * the first image.
 *
 * @throws `RangeError` for JPEG Baseline of other than 8 bits, and for an image below 32 × 32: the encoders need as many
 */
export async function encodeImage(
  { pixels, rows, columns, bitsAllocated, signed }: StoredImage,
  syntax: EncodableSyntax,
): Promise<Uint8Array> {
  if (syntax === 'jpeg-baseline' && (bitsAllocated !== 8 || signed)) {
    throw new RangeError(
      `JPEG Baseline holds 8 bits without a sign, not ${bitsAllocated}${signed ? ' with one' : ''}`,
    );
  }
  if (Math.min(rows, columns) < 32) {
    throw new RangeError(
      `${rows} × ${columns} pixels cannot be encoded, expected at least 32 × 32`,
    );
  }
  return encodeWith(syntax === 'jpeg-baseline' ? 'jpeg' : syntax, pixels, {
    width: columns,
    height: rows,
    bitsPerSample: bitsAllocated,
    componentCount: 1,
    isSigned: signed,
  });
}
