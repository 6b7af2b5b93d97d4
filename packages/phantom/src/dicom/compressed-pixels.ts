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

/** The value of an encapsulated Pixel Data element that holds one image in one fragment. @see DICOM PS3.5 §A.4 */
export function encapsulate(image: Uint8Array): Uint8Array {
  // A fragment's length is even.
  const length = image.length + (image.length % 2);
  const bytes = new Uint8Array(12 + 8 + length + 8);
  const view = new DataView(bytes.buffer);
  const item = (offset: number, element: number, size: number): void => {
    view.setUint16(offset, 0xfffe, true);
    view.setUint16(offset + 2, element, true);
    view.setUint32(offset + 4, size, true);
  };
  // The first item is the table of offsets: the only image starts at 0.
  item(0, 0xe000, 4);
  item(12, 0xe000, length);
  bytes.set(image, 20);
  item(20 + length, 0xe0dd, 0);
  return bytes;
}
