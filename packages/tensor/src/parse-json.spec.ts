import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  decodeSafetensors,
  encodeSafetensors,
  float32,
  parseJsonText,
} from './index.js';

describe('parseJsonText', () => {
  it('is JSON.parse for whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        expect(parseJsonText(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"a": 1, "a": 1}', '"a"', 1],
    ['{"a": 1,\n "b": {"x": [], "y": 1,\n "x": 2}}', '"x"', 3],
    ['[{"a": "}"}, {"a": "\\"", "b": "\\\\", "a": 2}]', '"a"', 1],
    ['{"a": 1, "\\u0061": 2}', '"\\u0061"', 1],
    ['{"": 1, "": 2}', '""', 1],
    ['{"__proto__": 1, "__proto__": 2}', '"__proto__"', 1],
  ])('refuses %s', (text, key, line) => {
    expect(() => parseJsonText(text)).toThrow(
      new SyntaxError(
        `the key ${key} is given twice in one object, the second time on line ${line}`,
      ),
    );
  });

  it.each([
    '{"a": {"a": {"a": 1}}, "b": {"a": 1}}',
    '[{"a": 1}, {"a": 1}]',
    '{"a": "a\\": 1, \\"a", "b": ["a", "a", ":"]}',
  ])('takes %s', (text) => {
    expect(parseJsonText(text)).toEqual(JSON.parse(text));
  });

  it('refuses what is not JSON as JSON.parse does', () => {
    expect(() => parseJsonText('{"a": 1,}')).toThrow(SyntaxError);
    expect(() => parseJsonText('')).toThrow(SyntaxError);
  });
});

it('a .safetensors header with a tensor twice is refused, though its bytes are covered', () => {
  const file = encodeSafetensors([['weight', float32([1], [1])]]);
  const bytes = Buffer.from(file);
  const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0)));
  const [, entry = ''] = /("weight":\{[^}]*\})/.exec(header.toString()) ?? [];
  const twice = Buffer.from(`{${entry.replace('F32', 'I32')},${entry}}`);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(twice.length));
  const damaged = Buffer.concat([size, twice, bytes.subarray(-4)]);
  expect(() => decodeSafetensors(damaged, 'twice.safetensors')).toThrow(
    /twice\.safetensors: the header is not JSON .*"weight" is given twice/,
  );
});
