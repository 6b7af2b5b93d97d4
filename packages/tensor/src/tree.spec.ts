import { describe, expect, it } from 'vitest';

import { ShapeError } from './error.js';
import { arrayFromBytes, float32, int32, NdArray } from './nd-array.js';
import { leaves, mapTree, treeOf, zipTrees } from './tree.js';

const params = {
  layer1: { 0: { weight: float32([1], [1]) } },
  bias: float32([1], [2]),
};

describe('trees', () => {
  it('name their leaves by dotted paths, as PyTorch does', () => {
    expect(leaves(params).map(([path]) => path)).toEqual([
      'layer1.0.weight',
      'bias',
    ]);
  });

  it('are built from what leaves() gives', () => {
    expect(treeOf(leaves(params))).toEqual(params);
    expect(leaves(treeOf([['__proto__.constructor', 1]]))).toEqual([
      ['__proto__.constructor', 1],
    ]);
  });

  it('map and zip leaf by leaf', () => {
    const doubled = mapTree(
      params,
      (array: NdArray<'float32'>, path) =>
        `${path} ${2 * (array.data[0] ?? 0)}`,
    );
    expect(doubled).toEqual({
      layer1: { 0: { weight: 'layer1.0.weight 2' } },
      bias: 'bias 4',
    });
    const sums = zipTrees(
      { a: 1, b: { c: 2 } },
      { b: { c: 20 }, a: 10 },
      (x: number, y: number) => x + y,
    );
    expect(sums).toEqual({ a: 11, b: { c: 22 } });
  });

  it('that differ are refused with a list of the names', () => {
    expect(() =>
      zipTrees({ a: 1, b: 2 }, { b: 2, c: 3 }, (x: number) => x),
    ).toThrow(/- a\n\+ c$/);
  });

  it.each([
    [
      [
        ['a', 1],
        ['a', 2],
      ],
      /given twice/,
    ],
    [
      [
        ['a', 1],
        ['a.b', 2],
      ],
      /below "a", which is a leaf/,
    ],
    [
      [
        ['a.b', 1],
        ['a', 2],
      ],
      /is a branch as well/,
    ],
    [[['', 1]], /not a dotted path/],
    [[['a..b', 1]], /not a dotted path/],
  ] as [[string, number][], RegExp][])('refuse %j', (entries, problem) => {
    expect(() => treeOf(entries)).toThrow(ShapeError);
    expect(() => treeOf(entries)).toThrow(problem);
  });
});

describe('arrays', () => {
  it('hold exactly the elements of their shape', () => {
    expect(() => float32([2, 2], [1, 2, 3])).toThrow(
      '[2, 2] holds 4 elements, its data has 3',
    );
    expect(() => float32([-1], [])).toThrow(ShapeError);
    expect(() => int32([1], [1.5])).toThrow('1.5 is not a 32-bit integer');
  });

  it('are made of bytes that are not aligned, those of a Buffer among them', () => {
    const bytes = Buffer.alloc(9);
    bytes.writeFloatLE(1.5, 1);
    bytes.writeFloatLE(-2, 5);
    for (const unaligned of [
      bytes.subarray(1),
      new Uint8Array(bytes).subarray(1),
    ]) {
      const array = arrayFromBytes('float32', [2], unaligned);
      expect([...array.data]).toEqual([1.5, -2]);
    }
  });
});
