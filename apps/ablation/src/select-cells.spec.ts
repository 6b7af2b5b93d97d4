import { describe, expect, it } from 'vitest';

import { cellId } from './cell.js';
import { GridSelectionError } from './errors.js';
import { selectCells } from './select-cells.js';
import { madeUpGrid } from '../test/made-up-grid.js';

describe('a part of a grid', () => {
  it.each([
    ['a', ['a']],
    ['a,b', ['a,b']],
    ['a,c', ['a', 'c']],
    ['c,a,b', ['a,b', 'c']],
    ['a,b,a', ['a', 'a,b']],
    ['[{"use":"x","weight":2}]', ['[{"use":"x","weight":2}]']],
  ])('is chosen by names that may have commas: %s', (values, chosen) => {
    const cells = selectCells(grid, [{ axis: 'method', values }]);
    expect(cells.map(cellId)).toEqual(
      methods.flatMap((method, i) =>
        chosen.includes(method) ? [`${String(i).repeat(16)}-0`] : [],
      ),
    );
  });

  it.each([
    ['b', 'there is no value "b"; known: "a", "a,b", "c"'],
    ['a,d', 'there is no value "d"'],
    ['a,', 'there is no value ""'],
  ])('is refused where a name is not known: %s', (values, words) => {
    const choose = (): unknown =>
      selectCells(grid, [{ axis: 'method', values }]);
    expect(choose).toThrow(GridSelectionError);
    expect(choose).toThrow(words);
  });
});

const methods = ['a', 'a,b', 'c', '[{"use":"x","weight":2}]'];
const grid = madeUpGrid(methods);
