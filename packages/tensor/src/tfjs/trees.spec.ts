import '@tensorflow/tfjs-backend-cpu';

import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest';

import { filled, float32, int32, NdArray, ShapeError } from '../index.js';
import { toHost, toTensors, type TensorTree } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

describe('trees of arrays and trees of tensors', () => {
  it('are of one form, with the same shapes, types and elements', () => {
    const host = {
      linear: {
        weight: float32([2, 3], [1, -2, 0.1, NaN, 1e-40, -0]),
        bias: float32([], [Infinity]),
      },
      steps: int32([2], [-(2 ** 31), 2 ** 31 - 1]),
      mask: new NdArray('bool', [1, 2], Uint8Array.of(1, 0)),
      none: filled([0, 3]),
    };
    const tensors = toTensors(host);
    const { weight } = tensors.linear;
    expect([weight.shape, weight.dtype]).toEqual([[2, 3], 'float32']);
    expect(tensors.mask.arraySync()).toEqual([[1, 0]]);
    expect(toHost(tensors)).toEqual(host);
  });

  it('may be a single leaf', () => {
    const array = float32([2], [3, 4]);
    expect(toTensors(array).arraySync()).toEqual([3, 4]);
    expect(toHost(toTensors(array))).toEqual(array);
  });

  it('come back as they were, whatever their shapes', () => {
    const arrays = fc.array(fc.nat(3), { maxLength: 4 }).chain((shape) => {
      const size = shape.reduce((product, length) => product * length, 1);
      const values = fc.array(fc.float(), {
        minLength: size,
        maxLength: size,
      });
      return values.map((list) => float32(shape, list));
    });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), arrays), (host) => {
        expect(toHost(toTensors(host))).toEqual({ ...host });
      }),
    );
  });

  it('share no elements', () => {
    const host = { w: float32([2], [1, 2]) };
    const tensors = toTensors(host);
    const back = toHost(tensors);
    host.w.data[0] = 9;
    (back.w.data as Float32Array)[1] = 9;
    expect(tensors.w.arraySync()).toEqual([1, 2]);
  });

  it('have types that know the names', () => {
    expectTypeOf(toTensors({ a: { w: filled([2]) } })).toEqualTypeOf<{
      readonly a: { readonly w: tf.Tensor };
    }>();
    expectTypeOf(toHost({ a: tf.scalar(1) })).toEqualTypeOf<{
      readonly a: NdArray;
    }>();
    expectTypeOf((tree: TensorTree) =>
      toTensors(toHost(tree)),
    ).returns.toEqualTypeOf<TensorTree>();
  });
});

describe('refuses, with the name', () => {
  it('an array of a type that tfjs does not have', () => {
    const counts = new NdArray('int64', [1], BigInt64Array.of(1n));
    expect(() => toTensors({ batch: { counts } })).toThrow(ShapeError);
    expect(() => toTensors({ batch: { counts } })).toThrow(
      /the array "batch.counts" is int64, .* convert it to one of float32, int32, bool/,
    );
  });

  it('a tensor that arrays cannot hold', () => {
    expect(() => toHost({ words: tf.tensor(['a']) })).toThrow(
      /the tensor "words" is string, .* expected one of float32, int32, bool/,
    );
    expect(() => toHost(tf.complex([1], [2]))).toThrow(
      /the tensor is complex64/,
    );
  });
});
