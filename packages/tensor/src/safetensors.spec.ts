import { readFile } from 'node:fs/promises';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FileFormatError } from './error.js';
import { float32, int32, NdArray } from './nd-array.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

const fixture = (): Promise<Uint8Array> =>
  readFile(new URL('../fixtures/mixed.safetensors', import.meta.url));

/** A file with this header, and `dataBytes` bytes of data. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

describe('a .safetensors file that PyTorch wrote', () => {
  it('is read, with half precision widened exactly', async () => {
    const { tensors, metadata } = decodeSafetensors(await fixture(), 'mixed');
    expect(metadata).toEqual({ format: 'pt' });
    const values = (name: string): unknown[] => [
      ...(tensors.get(name)?.data ?? []),
    ];
    expect(tensors.get('layer1.0.conv1.weight')?.shape).toEqual([2, 3]);
    expect(values('layer1.0.conv1.weight')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(values('half')).toEqual([
      0,
      -0,
      1,
      -2.5,
      65504,
      2 ** -24,
      3.140625,
      Infinity,
    ]);
    expect(values('bfloat')).toEqual([
      0,
      -0,
      1,
      -2.5,
      65536,
      2 ** -24,
      3.140625,
      Infinity,
    ]);
    expect(values('count')).toEqual([3n]);
    expect(values('mask')).toEqual([1, 0, 1]);
    expect(tensors.get('empty')?.shape).toEqual([0, 4]);
  });
});

describe('.safetensors files', () => {
  it('come back as they were written', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        names,
        fc.dictionary(fc.string(), fc.string()),
        (keys, metadata) => {
          const named = keys.filter((key) => key !== '__metadata__');
          const entries = named.map(
            (key, i) =>
              [
                key,
                i % 2 === 0
                  ? float32([i], Array(i).fill(i + 0.5))
                  : int32([1, i], Array(i).fill(-i)),
              ] as const,
          );
          const back = decodeSafetensors(
            encodeSafetensors(entries, metadata),
            'x',
          );
          expect(back.metadata).toEqual({ ...metadata });
          expect(new Set(back.tensors.keys())).toEqual(new Set(named));
          for (const [key, array] of entries)
            expect(back.tensors.get(key)).toEqual(array);
        },
      ),
    );
  });

  it('hold arrays aligned to their element size', () => {
    const bytes = encodeSafetensors([
      ['a', new NdArray('bool', [3], Uint8Array.of(1, 0, 1))],
      ['b', float32([2], [1, 2])],
      ['c', new NdArray('int16', [1], Int16Array.of(-5))],
    ]);
    const { tensors } = decodeSafetensors(bytes, 'x');
    // Views, not copies: they share the file's buffer.
    for (const array of tensors.values())
      expect(array.data.buffer).toBe(bytes.buffer);
  });

  it.each([
    [
      'names given twice',
      () =>
        encodeSafetensors([
          ['a', float32([], [1])],
          ['a', float32([], [2])],
        ]),
    ],
    [
      'the reserved name',
      () => encodeSafetensors([['__metadata__', float32([], [1])]]),
    ],
    ['an empty name', () => encodeSafetensors([['', float32([], [1])]])],
  ])('are not written with %s', (_, write) => {
    expect(write).toThrow(/cannot name a tensor/);
  });

  const f32 = (shape: unknown, offsets: unknown): unknown => ({
    dtype: 'F32',
    shape,
    data_offsets: offsets,
  });
  it.each([
    ['no JSON', '{"a":', 0, /the header is not JSON/],
    ['a JSON array', '[]', 0, /not a JSON object/],
    [
      'an unknown type',
      { a: { dtype: 'F8', shape: [1], data_offsets: [0, 1] } },
      1,
      /"a" has the type F8; known/,
    ],
    [
      'a shape that disagrees with its bytes',
      { a: f32([3], [0, 8]) },
      8,
      /takes 12 bytes, its data_offsets span 8/,
    ],
    [
      'a gap',
      { a: f32([1], [0, 4]), b: f32([1], [8, 12]) },
      12,
      /"b" starts at byte 8 of the data, expected 4/,
    ],
    [
      'an overlap',
      { a: f32([2], [0, 8]), b: f32([1], [4, 8]) },
      8,
      /"b" starts at byte 4 of the data, expected 8/,
    ],
    [
      'bytes that no tensor has',
      { a: f32([1], [0, 4]) },
      6,
      /the tensors take 4 bytes, the file has 6/,
    ],
    [
      'data beyond the end',
      { a: f32([4], [0, 16]) },
      8,
      /take 16 bytes, the file has 8/,
    ],
    [
      'a negative length',
      { a: f32([-1], [0, 4]) },
      4,
      /lacks a dtype, a shape or data_offsets/,
    ],
    [
      'metadata that is no text',
      { __metadata__: { a: 1 } },
      0,
      /metadata holds a value that is not a string/,
    ],
    [
      'three offsets',
      { a: f32([1], [0, 4, 8]) },
      8,
      /3 data_offsets, expected 2/,
    ],
  ])('are refused with %s', (_, header, dataBytes, problem) => {
    const bytes = fileOf(header, dataBytes);
    expect(() => decodeSafetensors(bytes, 'bad.safetensors')).toThrow(
      FileFormatError,
    );
    expect(() => decodeSafetensors(bytes, 'bad.safetensors')).toThrow(problem);
  });

  it('are refused when the header lies about its length', () => {
    const bytes = fileOf({}, 0);
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 60n, true);
    expect(() => decodeSafetensors(bytes, 'lying')).toThrow(
      /the header claims/,
    );
  });

  it('are refused with what to do where Git LFS left a pointer', () => {
    const pointer = new TextEncoder().encode(
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 253735728\n',
    );
    expect(() => decodeSafetensors(pointer, 'model.safetensors')).toThrow(
      /^model\.safetensors: .*run "git lfs pull"/,
    );
  });

  it('are refused with their name, wherever they are cut', async () => {
    const bytes = await fixture();
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      expect(() => decodeSafetensors(cut, 'cut')).toThrow(/^cut: /);
    }
  });
});
