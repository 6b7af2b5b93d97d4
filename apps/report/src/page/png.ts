import { crc32, deflateSync } from 'node:zlib';

import { ShapeError } from '@clip-lung/tensor';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * A grey picture as PNG: 8 bits a pixel, no filter.
 *
 * @param pixels 0 (black) to 255, row by row from the top, [height·width]
 * @throws `ShapeError` for another number of pixels
 * @see Portable Network Graphics (third edition), W3C 2025, §5 and §11
 */
export function encodePng(
  pixels: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Buffer {
  if (pixels.length !== width * height || pixels.length === 0) {
    throw new ShapeError(
      `there are ${pixels.length} pixels, expected ${height} rows of ${width}`,
    );
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits, grey; deflate, filters by row, not interlaced are 0.
  header[8] = 8;
  // Before each row stands its filter, of which 0 is none.
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  return Buffer.concat([
    Buffer.from(signature),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
