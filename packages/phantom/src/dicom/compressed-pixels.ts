import { encodeImage } from '@clip-lung/data';

import { encodeJpegLossless } from './jpeg-lossless.js';
import { encodeRle } from './rle.js';
import type { Storage } from './storage.js';
import type { Compression } from './transfer-syntax.js';

/**
 * One image, compressed: what its fragment holds.
 *
 * @param pixels as `storedPixels` gives them
 */
export async function compressedPixels(
  pixels: Uint8Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  { bits, signed }: Pick<Storage, 'bits' | 'signed'>,
  compression: Compression,
): Promise<Uint8Array> {
  switch (compression) {
    case 'rle':
      return encodeRle(pixels, columns);
    case 'jpeg-lossless':
      return encodeJpegLossless({ pixels, rows, columns, precision: bits });
    default: {
      const bitsAllocated = bits === 8 ? 8 : 16;
      return encodeImage(
        { pixels, rows, columns, bitsAllocated, signed },
        compression,
      );
    }
  }
}
