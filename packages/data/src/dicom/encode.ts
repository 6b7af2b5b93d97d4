import { withCodec } from './load-codec.js';

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
  const uid = encodableSyntaxes[syntax];
  const { imageFrame } = await withCodec(`encode ${uid}`, (codec) =>
    codec.encode(
      pixels,
      {
        rows,
        columns,
        bitsAllocated,
        samplesPerPixel: 1,
        pixelRepresentation: signed ? 1 : 0,
        signed,
      },
      uid,
      {},
    ),
  );
  // Copied: what an encoder hands out may be its own memory, which the next image overwrites.
  const { buffer, byteOffset, byteLength } = imageFrame;
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}
