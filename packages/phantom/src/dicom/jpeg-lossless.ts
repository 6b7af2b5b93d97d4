/** What one image of lossless JPEG is made of. */
export interface LosslessImage {
  /** little endian, [2 · rows · columns] */
  readonly pixels: Uint8Array;
  readonly rows: number;
  readonly columns: number;
  /** bits of a pixel, 2 to 16, counted from the lowest */
  readonly precision: number;
}

/**
 * One image in lossless JPEG, as DICOM has it mostly: each pixel as its difference from the one to the left, and those of the
 * first column from the one above.
 *
 * @see ITU-T T.81, Annex H and §B.2; DICOM PS3.5 §A.4.2 (process 14, selection value 1)
 */
export function encodeJpegLossless(image: LosslessImage): Uint8Array {
  const { pixels, rows, columns, precision } = image;
  const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.length);
  const mask = 2 ** precision - 1;
  const at = (i: number): number => view.getUint16(2 * i, true) & mask;
  const bits = new BitWriter();
  for (let i = 0; i < rows * columns; i++) {
    const before =
      i === 0
        ? 2 ** (precision - 1)
        : at(i % columns === 0 ? i - columns : i - 1);
    // Modulo 2¹⁶, from −32767 to 32768.
    const difference = ((at(i) - before + 0x17fff) & 0xffff) - 0x7fff;
    writeDifference(bits, difference);
  }
  return Uint8Array.from([...headOf(image), ...bits.finish(), 0xff, 0xd9]);
}

/**
 * The code of the numbers of bits of a difference, the most frequent first: seven codes of 3 bits and ten of 7. It fits an
 * image with noise, and is the same for all, so that nothing has to be counted first.
 */
const order = [4, 5, 3, 6, 2, 7, 1, 0, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const short = { count: 7, length: 3 };
const long = { count: order.length - short.count, length: 7 };
const codes = new Map(
  order.map((size, i) => [
    size,
    i < short.count
      ? { code: i, length: short.length }
      : {
          code: (short.count << (long.length - short.length)) + i - short.count,
          length: long.length,
        },
  ]),
);

function writeDifference(bits: BitWriter, difference: number): void {
  const size = 32 - Math.clz32(Math.abs(difference));
  const found = codes.get(size);
  if (found === undefined) {
    throw new RangeError(
      `a difference of ${difference} takes ${size} bits, expected at most 16`,
    );
  }
  bits.write(found.code, found.length);
  // 32768 is the only one with 16 bits, and needs none.
  if (size === 0 || size === 16) return;
  bits.write(difference > 0 ? difference : difference + 2 ** size - 1, size);
}

function headOf({
  rows,
  columns,
  precision,
}: LosslessImage): readonly number[] {
  const word = (value: number): readonly [number, number] => [
    value >> 8,
    value & 255,
  ];
  const lengths = Array.from({ length: 16 }, (_, i) =>
    i + 1 === short.length
      ? short.count
      : i + 1 === long.length
        ? long.count
        : 0,
  );
  return [
    ...[0xff, 0xd8],
    // Start of frame, lossless: one component.
    ...[0xff, 0xc3, ...word(11), precision, ...word(rows), ...word(columns)],
    ...[1, 1, 0x11, 0],
    // The Huffman table.
    ...[0xff, 0xc4, ...word(19 + order.length), 0, ...lengths, ...order],
    // Start of scan: the component with that table, predictor 1, no point transform.
    ...[0xff, 0xda, ...word(8), 1, 1, 0, 1, 0, 0],
  ];
}

/** Bits into bytes, the highest first; after a byte FF comes a zero, so that no marker is met. */
class BitWriter {
  readonly #bytes: number[] = [];
  #held = 0;
  #count = 0;

  write(value: number, length: number): void {
    for (let i = length - 1; i >= 0; i--) {
      this.#held = (this.#held << 1) | ((value >> i) & 1);
      if (++this.#count === 8) this.#flush();
    }
  }

  /** The last byte is filled up with ones. */
  finish(): readonly number[] {
    while (this.#count > 0) this.write(1, 1);
    return this.#bytes;
  }

  #flush(): void {
    this.#bytes.push(this.#held);
    if (this.#held === 0xff) this.#bytes.push(0);
    this.#held = 0;
    this.#count = 0;
  }
}
