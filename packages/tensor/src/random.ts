import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** 32-bit FNV-1a hash of a text's UTF-16 code units. */
function hash(text: string, basis: number): number {
  let value = basis;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value | 0;
}

/**
 * A seeded stream of random numbers with a name. Streams of other names are independent, so adding a draw to one
 * changes no other: `new RandomStream(1, 'folds')` gives the same numbers whatever else a program draws.
 */
export class RandomStream {
  readonly #generator: RandomGenerator;
  #spare: number | undefined;

  /** @param names what the stream is for, from the general to the special: `'order', 'fold-0', 'epoch-3'` */
  constructor(
    readonly seed: number,
    ...names: readonly string[]
  ) {
    this.names = names;
    this.#generator = xoroshiro128plus(
      hash(JSON.stringify([seed, ...names]), 0x811c9dc5 | 0),
    );
  }

  readonly names: readonly string[];

  /** An independent stream below this one; it does not depend on how many numbers were drawn here. */
  stream(...names: readonly string[]): RandomStream {
    return new RandomStream(this.seed, ...this.names, ...names);
  }

  /** Uniform in [low, high), with 32 random bits. */
  uniform(low = 0, high = 1): number {
    return (
      low + (high - low) * ((this.#generator.next() >>> 0) / 0x1_0000_0000)
    );
  }

  /** A whole number, uniform in [0, count). */
  integer(count: number): number {
    return uniformInt(this.#generator, 0, count - 1);
  }

  /** Normal, by the Box–Muller transform. */
  normal(mean = 0, deviation = 1): number {
    let value = this.#spare;
    if (value === undefined) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      value = radius * Math.cos(angle);
      this.#spare = radius * Math.sin(angle);
    } else {
      this.#spare = undefined;
    }
    return mean + deviation * value;
  }

  /** The items in random order (Fisher–Yates); the argument stays as it is. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const item = shuffled[last] as T;
      shuffled[last] = shuffled[other] as T;
      shuffled[other] = item;
    }
    return shuffled;
  }
}
