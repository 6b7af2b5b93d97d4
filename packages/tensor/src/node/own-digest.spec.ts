import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import {
  endOfJson,
  noDigest,
  ownDigestProblem,
  putOwnDigest,
} from './own-digest.js';

const bytesOf = (value: object): Buffer =>
  Buffer.from(`${JSON.stringify({ ...value, sha256: noDigest }, null, 2)}\n`);

describe('a file’s own digest', () => {
  it('is the SHA-256 of the file with zeros in its place', () => {
    const bytes = bytesOf({ a: 1 });
    const expected = createHash('sha256').update(bytes).digest('hex');
    putOwnDigest(bytes, endOfJson);
    expect(JSON.parse(bytes.toString())).toEqual({ a: 1, sha256: expected });
    expect(ownDigestProblem(bytes, endOfJson)).toBeUndefined();
  });

  it('is not taken from a field of the same name further in', () => {
    const inner = { files: { sha256: 'f'.repeat(64) } };
    const bytes = bytesOf(inner);
    putOwnDigest(bytes, endOfJson);
    expect(JSON.parse(bytes.toString())).toMatchObject(inner);
    expect(ownDigestProblem(bytes, endOfJson)).toBeUndefined();
  });

  it('finds every flipped bit and every cut', () => {
    const whole = bytesOf({ a: 1 });
    putOwnDigest(whole, endOfJson);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Uint8Array.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(ownDigestProblem(flipped, endOfJson)).toMatch(
        /^(was damaged|has lost its SHA-256)/,
      );
    }
    for (let length = 0; length < whole.length; length++) {
      expect(
        ownDigestProblem(whole.subarray(0, length), endOfJson),
      ).toBeDefined();
    }
  });

  it('is put where there is a place for it alone', () => {
    expect(() => {
      putOwnDigest(Buffer.from('{}'), endOfJson);
    }).toThrow(TypeError);
    const twice = bytesOf({});
    putOwnDigest(twice, endOfJson);
    expect(() => {
      putOwnDigest(twice, endOfJson);
    }).toThrow(TypeError);
  });
});
