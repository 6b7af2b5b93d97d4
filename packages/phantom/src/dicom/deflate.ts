import { at } from '@clip-lung/tensor';

/** Base and extra bits of the length codes 257 to 285, and of the distance codes. @see RFC 1951 §3.2.5 */
const lengthCodes = codesFrom(3, [0, 0, 1, 2, 3, 4, 5], 4);
const distanceCodes = codesFrom(
  1,
  [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  2,
);

const shortest = 3;
/** 258 has a code of its own, which is not needed. */
const longest = 257;
const window = 32768;

/**
 * Raw deflate data: one block of the fixed codes, with matches to the last place where the next three bytes were. It
 * compresses less than zlib, but makes the same bytes with every version of every runtime.
 *
 * @see RFC 1951
 */
export function deflate(data: Uint8Array): Uint8Array {
  const bits = new BitWriter();
  // The last block, of fixed codes.
  bits.write(1, 1);
  bits.write(1, 2);
  const places = new Map<number, number>();
  let place = 0;
  while (place < data.length) {
    let before: number | undefined;
    if (place + shortest <= data.length) {
      const key =
        ((data[place] as number) << 16) |
        ((data[place + 1] as number) << 8) |
        (data[place + 2] as number);
      before = places.get(key);
      places.set(key, place);
    }
    if (before === undefined || place - before > window) {
      writeSymbol(bits, data[place] as number);
      place++;
      continue;
    }
    let length = shortest;
    while (
      length < longest &&
      place + length < data.length &&
      data[place + length] === data[before + length]
    ) {
      length++;
    }
    const [symbol, lengthRest, lengthBits] = codeOf(lengthCodes, length);
    writeSymbol(bits, 257 + symbol);
    bits.write(lengthRest, lengthBits);
    const [code, rest, restBits] = codeOf(distanceCodes, place - before);
    bits.writeCode(code, 5);
    bits.write(rest, restBits);
    place += length;
  }
  writeSymbol(bits, 256);
  return bits.finish();
}

/** The fixed codes of literals, lengths and the end of a block. @see RFC 1951 §3.2.6 */
function writeSymbol(bits: BitWriter, symbol: number): void {
  if (symbol < 144) bits.writeCode(0x30 + symbol, 8);
  else if (symbol < 256) bits.writeCode(0x190 + symbol - 144, 9);
  else if (symbol < 280) bits.writeCode(symbol - 256, 7);
  else bits.writeCode(0xc0 + symbol - 280, 8);
}

interface Code {
  readonly base: number;
  readonly extra: number;
}

/** Codes of rising values, `each` of them in a row with the same number of extra bits. */
function codesFrom(
  first: number,
  extras: readonly number[],
  each: number,
): readonly Code[] {
  let base = first;
  return Array.from({ length: each * extras.length }, (_, i) => {
    const extra = at(extras, Math.floor(i / each));
    const code = { base, extra };
    base += 2 ** extra;
    return code;
  });
}

/** @returns the number of the code that holds a value, the value's distance from its base, and the bits of that */
function codeOf(
  codes: readonly Code[],
  value: number,
): readonly [code: number, rest: number, bits: number] {
  const code = codes.findLastIndex(({ base }) => base <= value);
  const { base, extra } = at(codes, code);
  return [code, value - base, extra];
}

/** Bits from the least significant one of each byte on. */
class BitWriter {
  readonly #bytes: number[] = [];
  #byte = 0;
  #filled = 0;

  write(value: number, count: number): void {
    for (let bit = 0; bit < count; bit++) this.#push((value >> bit) & 1);
  }

  /** Huffman codes alone are written from their most significant bit on. */
  writeCode(code: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) this.#push((code >> bit) & 1);
  }

  finish(): Uint8Array {
    while (this.#filled > 0) this.#push(0);
    return Uint8Array.from(this.#bytes);
  }

  #push(bit: number): void {
    this.#byte |= bit << this.#filled;
    this.#filled++;
    if (this.#filled < 8) return;
    this.#bytes.push(this.#byte);
    this.#byte = 0;
    this.#filled = 0;
  }
}
