import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fromSpreadsheetCell, toSpreadsheetCell } from './spreadsheet-cell.js';

const signs = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

describe('a cell of a spreadsheet', () => {
  it.each(signs)('does not begin with %j where it is no number', (sign) => {
    const text = `${sign}HYPERLINK("http://x","y")`;
    expect(toSpreadsheetCell(text)).toBe(`'${text}`);
  });

  it.each([
    ...['-5', '+5', '-0.5', '-1e-8', '-5.', '+.5E+10', '0', ''],
    ...["'a", "''", "O'Neill", 'LIDC-IDRI-0001-3f2a-1', '1.3.6.1.4'],
  ])('is %j as it is', (text) => {
    expect(toSpreadsheetCell(text)).toBe(text);
    expect(fromSpreadsheetCell(text)).toBe(text);
  });

  it.each(['-5+1', '-5-1', '+1e', '--5', '-5;=1', "'=1", "''@x", '-', '-1x'])(
    'of %j has one quote more, and is read back',
    (text) => {
      expect(toSpreadsheetCell(text)).toBe(`'${text}`);
      expect(fromSpreadsheetCell(`'${text}`)).toBe(text);
    },
  );

  it('is read back as it was, whatever it says', () => {
    const unit = fc.constantFrom(...signs, "'", '"', ',', '1', 'e', '.', 'a');
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        expect(fromSpreadsheetCell(toSpreadsheetCell(text))).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});
