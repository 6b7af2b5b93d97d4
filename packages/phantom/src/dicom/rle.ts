const headerBytes = 64;

/**
 * One image of 16-bit pixels, run-length encoded: a header, and two segments, the high bytes of all pixels before the
 * low ones. Rows are encoded one by one.
 *
 * @param pixels little endian, [2 · rows · columns]
 * @see DICOM PS3.5 Annex G
 */
export function encodeRle(pixels: Uint8Array, columns: number): Uint8Array {
  const segments = [1, 0].map((byte) => {
    const plane = Uint8Array.from(
      { length: pixels.length / 2 },
      (_, i) => pixels[2 * i + byte] as number,
    );
    const coded: number[] = [];
    for (let row = 0; row < plane.length; row += columns) {
      packBits(plane.subarray(row, row + columns), coded);
    }
    if (coded.length % 2 === 1) coded.push(0);
    return coded;
  });
  const [high = [], low = []] = segments;
  const bytes = new Uint8Array(headerBytes + high.length + low.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, segments.length, true);
  view.setUint32(4, headerBytes, true);
  view.setUint32(8, headerBytes + high.length, true);
  bytes.set(high, headerBytes);
  bytes.set(low, headerBytes + high.length);
  return bytes;
}

const longest = 128;

/** Appends a row in the code of Macintosh's PackBits: runs of 2 to 128 equal bytes, and 1 to 128 bytes as they are. */
function packBits(row: Uint8Array, coded: number[]): void {
  let at = 0;
  while (at < row.length) {
    const run = runLength(row, at);
    if (run >= 2) {
      coded.push(257 - run, row[at] as number);
      at += run;
      continue;
    }
    const start = at;
    // A run of two within a literal would save nothing.
    while (
      at < row.length &&
      at - start < longest &&
      runLength(row, at) < Math.min(3, row.length - at + 1)
    ) {
      at++;
    }
    coded.push(at - start - 1, ...row.subarray(start, at));
  }
}

function runLength(row: Uint8Array, start: number): number {
  let end = start + 1;
  while (end < row.length && end - start < longest && row[end] === row[start]) {
    end++;
  }
  return end - start;
}
