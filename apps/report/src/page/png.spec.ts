import { inflateSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { encodePng } from './png.js';

describe('encodePng', () => {
  it('writes what Pillow writes of the same pixels, but for the compression', () => {
    // Image.fromarray(np.array([[0, 128, 255], [7, 8, 9]], np.uint8)).save(…, 'PNG')
    const pillow =
      'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR4nGNgaPjPyM7ICAAIHwGKOttJcgAAAABJRU5ErkJggg==';
    const ours = encodePng(Uint8Array.of(0, 128, 255, 7, 8, 9), {
      width: 3,
      height: 2,
    });
    const [own, theirs] = [
      chunksOf(ours),
      chunksOf(Buffer.from(pillow, 'base64')),
    ];
    expect(own.map(({ type }) => type)).toEqual(['IHDR', 'IDAT', 'IEND']);
    expect(own[0]).toEqual(theirs[0]);
    expect(own[2]).toEqual(theirs[2]);
    expect(inflateSync(own[1]?.data ?? Buffer.alloc(0))).toEqual(
      Buffer.from([0, 0, 128, 255, 0, 7, 8, 9]),
    );
  });

  it('refuses another number of pixels', () => {
    expect(() => encodePng(new Uint8Array(5), { width: 3, height: 2 })).toThrow(
      'there are 5 pixels, expected 2 rows of 3',
    );
  });
});

function chunksOf(
  png: Buffer,
): readonly { type: string; data: Buffer; crc: number }[] {
  expect([...png.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  const found = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    found.push({
      type: png.toString('latin1', at + 4, at + 8),
      data: png.subarray(at + 8, at + 8 + length),
      crc: png.readUInt32BE(at + 8 + length),
    });
    at += length + 12;
  }
  return found;
}
