import { limits } from '../limits.js';
import type { DataElement, DataSet } from './data-set.js';

type Refuse = (problem: string) => never;

/** A decimal string (DS) or integer string (IS), without its padding: no hexadecimal, no comma, no unit. */
const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** Types of numbers in binary, and of elements in elements: their bytes are no text, whatever they look like. */
const binaryVrs = new Set(
  'AT FD FL OB OD OF OL OV OW SL SQ SS SV UL US UV'.split(' '),
);

/** Types of 16 bits, and what a file that was implicit once has in their place. */
const shortVrs: readonly (string | null)[] = ['US', 'SS', 'UN', null];

/** Reads the values of a data set's elements strictly: a value is absent (null), right, or refused. */
export class Elements {
  readonly #set: DataSet;
  readonly #refuse: Refuse;

  constructor(set: DataSet, refuse: Refuse) {
    this.#set = set;
    this.#refuse = refuse;
  }

  /** Whether the element is there, with a value. */
  has(tag: string): boolean {
    return this.#find(tag) !== undefined;
  }

  /**
   * A text without its padding, or null where it is absent or empty. Of an element of a type that is not text, that type in brackets:
   * it is there, and is not what is expected.
   */
  text(tag: string): string | null {
    const found = this.#find(tag);
    if (found === undefined) return null;
    if (found.length < 0 || (found.vr !== null && binaryVrs.has(found.vr))) {
      return `[${String(found.vr)}]`;
    }
    if (found.length > limits.textBytes) {
      this.#refuse(
        `has ${found.length} bytes of text in (${tag.slice(1, 5)},${tag.slice(5)}), expected at most ${limits.textBytes}`,
      );
    }
    const { view } = this.#set;
    let text = '';
    for (let at = found.start; at < found.start + found.length; at++) {
      const code = view.getUint8(at);
      if (code === 0) break;
      text += String.fromCharCode(code);
    }
    const trimmed = text.trim();
    return trimmed === '' ? null : trimmed;
  }

  /** The values of a text, without their padding. */
  list(tag: string): readonly string[] {
    const text = this.text(tag);
    return text === null ? [] : text.split('\\').map((part) => part.trim());
  }

  /** Decimal strings: exactly `count` numbers, or null where the element is absent or empty. */
  numbers(tag: string, name: string, count: number): readonly number[] | null {
    const text = this.text(tag);
    if (text === null) return null;
    const numbers = text.split('\\').map(decimalOf);
    if (numbers.length !== count || !numbers.every(Number.isFinite)) {
      const shown = text.slice(0, 80);
      this.#refuse(
        `${name} is "${shown}", expected ${count === 1 ? 'a number' : `${count} numbers`}`,
      );
    }
    return numbers;
  }

  number(tag: string, name: string): number | null {
    const numbers = this.numbers(tag, name, 1);
    return numbers === null ? null : Number(numbers[0]);
  }

  /** The bits of a 16-bit number (US or SS), unsigned, or null where the element is absent or empty. */
  uint16(tag: string, name: string): number | null {
    const found = this.#find(tag);
    if (found === undefined) return null;
    if (found.length !== 2 || !shortVrs.includes(found.vr)) {
      const size = found.length < 0 ? 'an unknown number of' : found.length;
      const vr = found.vr === null ? '' : ` of the type ${found.vr}`;
      this.#refuse(`${name} has ${size} bytes${vr}, expected 2 of the type US`);
    }
    return this.#set.view.getUint16(found.start, this.#set.littleEndian);
  }

  /** A number of the type FL; null where the element is absent, or holds anything else. */
  float32(tag: string): number | null {
    const found = this.#find(tag);
    if (found?.length !== 4 || (found.vr !== null && found.vr !== 'FL')) {
      return null;
    }
    return this.#set.view.getFloat32(found.start, this.#set.littleEndian);
  }

  /** An element that an image cannot be without. */
  required<T>(value: T | null, name: string): T {
    return value === null ? this.#refuse(`has no ${name}`) : value;
  }

  #find(tag: string): DataElement | undefined {
    const found = this.#set.elements.get(Number.parseInt(tag.slice(1), 16));
    return found?.length === 0 ? undefined : found;
  }
}

/** NaN for what is not a decimal string. */
export function decimalOf(text: string): number {
  const trimmed = text.trim();
  return decimal.test(trimmed) ? Number(trimmed) : NaN;
}
