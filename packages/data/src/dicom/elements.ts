import type { DataSet } from 'dicom-parser';

type Refuse = (problem: string) => never;

/** Reads the values of a data set's elements strictly: a value is absent (null), right, or refused. */
export class Elements {
  readonly #set: DataSet;
  readonly #refuse: Refuse;

  constructor(set: DataSet, refuse: Refuse) {
    this.#set = set;
    this.#refuse = refuse;
  }

  /** A text without its padding, or null where it is absent or empty. */
  text(tag: string): string | null {
    const text = this.#set.string(tag)?.trim();
    return text === undefined || text === '' ? null : text;
  }

  /** The values of a text, without their padding. */
  list(tag: string): readonly string[] {
    return (
      this.text(tag)
        ?.split('\\')
        .map((part) => part.trim()) ?? []
    );
  }

  /** Decimal strings: exactly `count` numbers, or null where the element is absent or empty. */
  numbers(tag: string, name: string, count: number): readonly number[] | null {
    const text = this.text(tag);
    if (text === null) return null;
    const numbers = text
      .split('\\')
      .map((part) => (part.trim() === '' ? NaN : Number(part)));
    if (numbers.length !== count || !numbers.every(Number.isFinite)) {
      const shown = text.slice(0, 80);
      this.#refuse(
        `${name} is "${shown}", expected ${count === 1 ? 'a number' : `${count} numbers`}`,
      );
    }
    return numbers;
  }

  number(tag: string, name: string): number | null {
    return this.numbers(tag, name, 1)?.[0] ?? null;
  }

  /** An unsigned 16-bit number, or null where the element is absent or empty. */
  uint16(tag: string): number | null {
    return this.#has16(tag) ? (this.#set.uint16(tag) ?? null) : null;
  }

  int16(tag: string): number | null {
    return this.#has16(tag) ? (this.#set.int16(tag) ?? null) : null;
  }

  /** An element that an image cannot be without. */
  required<T>(value: T | null, name: string): T {
    return value ?? this.#refuse(`has no ${name}`);
  }

  #has16(tag: string): boolean {
    return (this.#set.elements[tag]?.length ?? 0) >= 2;
  }
}
