type Refuse = (problem: string) => never;

/** The longest code (T.81 §C.2). */
const mostBits = 16;

/** A Huffman table of a JPEG image: by the next 16 bits, what their first bits stand for, and how many those are. */
export interface HuffmanTable {
  /** symbol · 2⁵ + length of its code; 0 for bits that begin no code */
  readonly entries: Uint16Array;
}

/**
 * @param counts how many codes there are of each length from 1 to 16
 * @param symbols in the order of their codes
 * @see ITU-T T.81, Annex C
 */
export function huffmanTable(
  counts: Uint8Array,
  symbols: Uint8Array,
  refuse: Refuse,
): HuffmanTable {
  const entries = new Uint16Array(2 ** mostBits);
  const lengths = [...counts].flatMap((count, i) =>
    Array.from({ length: count }, () => i + 1),
  );
  let next = 0;
  symbols.forEach((symbol, i) => {
    const length = Number(lengths[i]);
    const codes = 2 ** (mostBits - length);
    if (next + codes > entries.length) {
      refuse('its JPEG image has a Huffman table with more codes than bits');
    }
    entries.fill(symbol * 32 + length, next, next + codes);
    next += codes;
  });
  return { entries };
}

/** Reads the entropy-coded bits of a JPEG image, up to the next marker. */
export class HuffmanReader {
  readonly #bytes: DataView;
  readonly #refuse: Refuse;
  #at: number;
  /** the bits that were read and not yet taken, the next one highest */
  #bits = 0;
  #count = 0;
  /** bits that stand in for what is not there: a code may be looked up with more bits than follow */
  #beyond = 0;

  constructor(bytes: DataView, at: number, refuse: Refuse) {
    this.#bytes = bytes;
    this.#at = at;
    this.#refuse = refuse;
  }

  symbol({ entries }: HuffmanTable): number {
    this.#fill();
    const entry = Number(entries[(this.#bits >>> (this.#count - 16)) & 0xffff]);
    if (entry === 0)
      this.#refuse('its JPEG image has a code that its Huffman table lacks');
    this.#take(entry & 31);
    return entry >>> 5;
  }

  /** The difference that `size` bits stand for, 0 to 15 (T.81 §F.1.2.1). */
  difference(size: number): number {
    if (size === 0) return 0;
    this.#fill();
    const bits = (this.#bits >>> (this.#count - size)) & ((1 << size) - 1);
    this.#take(size);
    return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
  }

  /** Goes on behind the restart marker that has to come here. @see ITU-T T.81 §E.2.4 */
  restart(index: number): void {
    this.#bits = this.#count = this.#beyond = 0;
    const marker = 0xffd0 + (index % 8);
    while (this.#byteAt(this.#at + 1) === 0xff) this.#at += 1;
    const found = this.#byteAt(this.#at) * 256 + this.#byteAt(this.#at + 1);
    if (found !== marker) {
      this.#refuse(
        `its JPEG image has ${found.toString(16)} where the restart marker ${marker.toString(16)} was expected`,
      );
    }
    this.#at += 2;
  }

  /** At least 16 bits, of zeros where the image ends. */
  #fill(): void {
    while (this.#count < 16) {
      let byte = 0;
      const read = this.#byteAt(this.#at);
      const isEnd =
        this.#at >= this.#bytes.byteLength ||
        (read === 0xff && this.#byteAt(this.#at + 1) !== 0);
      if (isEnd) this.#beyond += 8;
      else {
        byte = read;
        this.#at += read === 0xff ? 2 : 1;
      }
      this.#bits = ((this.#bits << 8) | byte) & 0xffffff;
      this.#count += 8;
    }
  }

  #take(count: number): void {
    this.#count -= count;
    if (this.#count < this.#beyond) {
      this.#refuse('is cut short: its JPEG image ends before its last pixel');
    }
  }

  /** 0 after the end. */
  #byteAt(at: number): number {
    return at < this.#bytes.byteLength ? this.#bytes.getUint8(at) : 0;
  }
}
