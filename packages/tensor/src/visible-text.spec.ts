import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { visibleJson, visibleLine, visibleLines } from './visible-text.js';

describe('a visible line', () => {
  it.each([
    ['LIDC-IDRI-0001', 'LIDC-IDRI-0001'],
    ['Müller 結節 🫁 نمی‌خواهم', 'Müller 結節 🫁 نمی‌خواهم'],
    ['C:\\new\\x1b', 'C:\\new\\x1b'],
    ['a\x1b[31mred', 'a\\x1b[31mred'],
    ['\x1b]52;c;cm0=\x07', '\\x1b]52;c;cm0=\\x07'],
    ['\u009b2J', '\\x9b2J'],
    ['\x7f\b\0', '\\x7f\\x08\\x00'],
    ['gnp\u202Eexe.', 'gnp\\u202eexe.'],
    ['\u2066a\u2069\u200f', '\\u2066a\\u2069\\u200f'],
    ['a\nerror: b\r\tc', 'a\\nerror: b\\r\\tc'],
    ['a\u2028b\u0085c', 'a\\u2028b\\x85c'],
    ['\ufeffa\u00adb\u200b', '\\ufeffa\\xadb\\u200b'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800', '\\ud800'],
  ])('of %j is %j', (text, shown) => {
    expect(visibleLine(text)).toBe(shown);
  });

  it('holds nothing that acts, whatever it is of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visibleLine(text)).not.toMatch(
          /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/,
        );
      }),
    );
  });

  it('is one of several where line breaks are meant', () => {
    expect(visibleLines('a\x1b\nb\r\n')).toBe('a\\x1b\nb\\r\n');
  });
});

describe('visible JSON', () => {
  it('says the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(visibleJson(JSON.stringify({ text })))).toEqual({
          text,
        });
      }),
    );
  });

  it('has C1 and direction marks as escapes', () => {
    expect(visibleJson(JSON.stringify('\u009b\u202e\u{e0041}é'))).toBe(
      String.raw`"\u009b\u202e\udb40\udc41é"`,
    );
  });
});
