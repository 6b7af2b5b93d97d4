import { readFile } from 'node:fs/promises';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FileFormatError } from './error.js';
import {
  arrayFromBytes,
  type DType,
  float32,
  typedArrayOf,
} from './nd-array.js';
import { decodeNpy, encodeNpy } from './npy.js';

const fixture = (name: string): Promise<Uint8Array> =>
  readFile(new URL(`../fixtures/${name}`, import.meta.url));

describe('.npy files that numpy wrote', () => {
  it.each([
    ['int16.npy', 'int16', [1, 2, 3], [-3, -2, -1, 0, 1, 2]],
    ['float32.npy', 'float32', [3], [0.5, -1.25, Infinity]],
    ['scalar.npy', 'int64', [], [7n]],
    ['bool.npy', 'bool', [2], [1, 0]],
  ])('%s', async (name, dtype, shape, values) => {
    const bytes = await fixture(name);
    const array = decodeNpy(bytes, name);
    expect(array.dtype).toBe(dtype);
    expect(array.shape).toEqual(shape);
    expect([...array.data]).toEqual(values);
    expect(Buffer.from(encodeNpy(array)).equals(bytes)).toBe(true);
  });

  it.each([
    ['fortran.npy', /Fortran order/],
    ['big-endian.npy', /type >i4; known: /],
  ])('%s is refused', async (name, problem) => {
    const bytes = await fixture(name);
    expect(() => decodeNpy(bytes, name)).toThrow(FileFormatError);
    expect(() => decodeNpy(bytes, name)).toThrow(problem);
  });
});

const anyArray = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(typedArrayOf) as DType[])),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
  })
  .chain(({ dtype, shape }) => {
    const size =
      shape.reduce((product, length) => product * length, 1) *
      typedArrayOf[dtype].BYTES_PER_ELEMENT;
    return fc
      .uint8Array({ minLength: size, maxLength: size })
      .map((bytes) => arrayFromBytes(dtype, shape, bytes));
  });

describe('.npy files', () => {
  it('come back as they were written, byte by byte', () => {
    fc.assert(
      fc.property(anyArray, (array) => {
        const bytes = encodeNpy(array);
        const back = decodeNpy(bytes, 'x.npy');
        expect([back.dtype, back.shape]).toEqual([array.dtype, array.shape]);
        expect(Buffer.from(encodeNpy(back)).equals(bytes)).toBe(true);
      }),
    );
  });

  it('start their data at a multiple of 64 bytes', () => {
    fc.assert(
      fc.property(anyArray, (array) => {
        expect((encodeNpy(array).length - array.data.byteLength) % 64).toBe(0);
      }),
    );
  });

  it('are refused with their name, wherever they are cut', () => {
    const bytes = encodeNpy(float32([2, 2], [1, 2, 3, 4]));
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      expect(() => decodeNpy(cut, 'cut.npy')).toThrow(/^cut\.npy: /);
    }
    const longer = new Uint8Array([...bytes, 0]);
    expect(() => decodeNpy(longer, 'long.npy')).toThrow(
      /bytes after the array/,
    );
  });
});
