import type * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

/** An array that is drawn evenly between `low` and `high`. */
export interface Input {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly low: number;
  readonly high: number;
  /** values are multiples of this, so that ties happen; by default, they are not rounded */
  readonly step?: number;
}

/** One use of an operation: what goes in, and what is done with it. */
export interface Sample {
  readonly inputs: readonly Input[];
  readonly fn: (...tensors: tf.Tensor[]) => tf.Tensor | readonly tf.Tensor[];
  /** false where tfjs has no gradient for just this use */
  readonly gradient?: boolean;
}

/** A property: an operation gives what tfjs-cpu gives, and so do its gradients, for every sample in every stored order. */
export interface Case {
  /** the operation, as a program calls it */
  readonly op: string;
  /** the kernels that it is there to show */
  readonly kernels: readonly string[];
  /** whether tfjs has its gradient */
  readonly gradient: boolean;
  readonly samples: fc.Arbitrary<Sample>;
  /** how many samples are drawn; by default, `defaultRuns` */
  readonly runs?: number;
  /** false where tfjs-cpu gives integers another type than it should */
  readonly otherTypes?: boolean;
}

/** Where a function finds an operand: given with the call, when it was compiled, or made by itself. */
export const places = ['input', 'frozen', 'constant'] as const;

export type Place = (typeof places)[number];

/** An input of another type, in about the same range. */
export function retyped(
  { shape, low, high }: Input,
  dtype: 'int32' | 'bool',
): Input {
  const least = Math.floor(low);
  return dtype === 'bool'
    ? bools(shape)
    : ints(shape, least, Math.max(Math.ceil(high), least + 2));
}

/** Float values of no special kind. */
export function floats(
  shape: readonly number[],
  low = -2,
  high = 2,
  step?: number,
): Input {
  const input: Input = { shape, dtype: 'float32', low, high };
  return step === undefined ? input : { ...input, step };
}

/** Integers from `low` up to, and without, `high`. */
export function ints(
  shape: readonly number[],
  low: number,
  high: number,
): Input {
  return { shape, dtype: 'int32', low, high };
}

export function bools(shape: readonly number[]): Input {
  return { shape, dtype: 'bool', low: 0, high: 2 };
}

/** Shapes of `min` to `max` axes, some of length 1. */
export function shapes(min = 1, max = 4): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: 4 }), {
    minLength: min,
    maxLength: max,
  });
}

/** A shape, and another one that broadcasts with it: some axes of length 1, some leading axes left out. */
export const broadcastShapes: fc.Arbitrary<readonly [number[], number[]]> =
  shapes().chain((shape) =>
    fc
      .record({
        kept: fc.array(fc.boolean(), {
          minLength: shape.length,
          maxLength: shape.length,
        }),
        dropped: fc.integer({ min: 0, max: shape.length }),
      })
      .map(({ kept, dropped }) => [
        shape,
        shape
          .map((length, axis) => (kept[axis] === true ? length : 1))
          .slice(dropped),
      ]),
  );

/** The axes of a shape in any order. */
export function orders(rank: number): fc.Arbitrary<number[]> {
  return fc.shuffledSubarray(
    Array.from({ length: rank }, (_, axis) => axis),
    { minLength: rank },
  );
}
