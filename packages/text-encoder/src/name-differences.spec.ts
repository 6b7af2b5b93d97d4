import { describe, expect, it } from 'vitest';

import { listDifferences, type NameDifference } from './name-differences.js';

const weights = ['mlp.fc1.weight', 'mlp.fc1.bias', 'layer_norm1.bias'];

function inLayers(
  layers: readonly number[],
  sign: NameDifference['sign'] = '-',
  stem = 'text_model.encoder.layers.',
): NameDifference[] {
  return layers.flatMap((layer) =>
    weights.map((weight) => ({
      sign,
      name: `${stem}${layer}.${weight}`,
      detail: '[4]',
    })),
  );
}

describe('the list of names that differ', () => {
  it('has a line for each, where they are few', () => {
    expect(listDifferences(inLayers([3]))).toEqual([
      '- text_model.encoder.layers.3.mlp.fc1.weight [4]',
      '- text_model.encoder.layers.3.mlp.fc1.bias [4]',
      '- text_model.encoder.layers.3.layer_norm1.bias [4]',
    ]);
  });

  it('has one for the same weight of several layers', () => {
    expect(listDifferences(inLayers([2, 3, 4, 5, 7]))).toEqual([
      '- text_model.encoder.layers.*.mlp.fc1.weight [4], of 5 layers from 2 to 7',
      '- text_model.encoder.layers.*.mlp.fc1.bias [4], of 5 layers from 2 to 7',
      '- text_model.encoder.layers.*.layer_norm1.bias [4], of 5 layers from 2 to 7',
    ]);
  });

  it('has one for all weights of several layers, where those are many', () => {
    const all = ['a.', 'b.', 'c.', 'd.', 'e.'].flatMap((module) =>
      inLayers([0, 1, 2], '+', `${module}layers.`),
    );
    expect(listDifferences(all)).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map(
        (module) =>
          `+ ${module}.layers.*: 9 weights of layers 0 to 2, such as mlp.fc1.weight [4]`,
      ),
    );
  });

  it('has twelve lines at most, of each sign some, and says how many names are beyond', () => {
    const many = (sign: NameDifference['sign']): NameDifference[] =>
      Array.from({ length: 500 }, (_, i) => ({
        sign,
        name: `${sign}x${i}\n`,
        detail: '[1]',
      }));
    const lines = listDifferences([...many('-'), ...many('+'), ...many('!')]);
    expect(lines).toHaveLength(12);
    expect(lines.join('').includes('\n')).toBe(false);
    expect(
      lines
        .slice(0, -1)
        .map((line) => line[0])
        .join(''),
    ).toBe('----+++!!!!');
    expect(lines.at(-1)).toBe('… and 1489 more');
  });
});
