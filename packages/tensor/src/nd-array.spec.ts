import { describe, expect, it } from 'vitest';

import { ShapeError } from './error.js';
import {
  arrayFromBytes,
  type DType,
  elementsOf,
  int32,
  NdArray,
  sizeOf,
  typedArrayOf,
} from './nd-array.js';

const dtypes = Object.keys(typedArrayOf) as DType[];

describe('an array', () => {
  it.each(dtypes)('of %s holds the elements of that type alone', (dtype) => {
    const shape = [2, 1];
    for (const other of dtypes) {
      const data = new typedArrayOf[other](sizeOf(shape));
      const make = (): unknown => new NdArray(dtype, shape, data);
      if (typedArrayOf[other] === typedArrayOf[dtype]) {
        expect(make).not.toThrow();
      } else {
        expect(make).toThrow(ShapeError);
        expect(make).toThrow(`given ${typedArrayOf[other].name}`);
      }
    }
  });

  it.each([
    ['a plain array', [1, 2], 'given a plain array'],
    ['nothing', undefined, 'given undefined'],
    ['a DataView', new DataView(new ArrayBuffer(2)), 'given DataView'],
  ])('is not made of %s', (_, data, message) => {
    expect(() => new NdArray('float32', [2], data as never)).toThrow(message);
  });

  it('is of a known type', () => {
    expect(
      () => new NdArray('float16' as never, [1], new Uint16Array(1) as never),
    ).toThrow("an array's type is float16; known: float32");
  });

  it('of bytes may be over a Node buffer', () => {
    const bytes = Buffer.from([1, 0]);
    expect(new NdArray('bool', [2], bytes).data).toBe(bytes);
    expect(arrayFromBytes('uint8', [2], bytes).data.length).toBe(2);
  });
});

it('the elements of another type are refused by name', () => {
  expect([...elementsOf(int32([2], [3, 4]), 'int32', 'x')]).toEqual([3, 4]);
  expect(() => elementsOf(int32([2], [3, 4]), 'float32', 'the loss')).toThrow(
    'the loss is int32 [2], expected float32',
  );
});
