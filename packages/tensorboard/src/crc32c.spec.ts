import { describe, expect, it } from 'vitest';

import { crc32c, maskedCrc32c } from './crc32c.js';

describe('crc32c', () => {
  it.each([
    ['32 bytes of 0', Array<number>(32).fill(0), 0x8a9136aa],
    ['32 bytes of 255', Array<number>(32).fill(255), 0x62a8ab43],
    ['0 to 31', Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31 to 0', Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['nothing', [], 0],
    ['"123456789"', [...Buffer.from('123456789')], 0xe3069283],
  ])('is that of RFC 3720 for %s', (_, bytes, expected) => {
    expect(crc32c(Uint8Array.from(bytes))).toBe(expected);
  });

  it('is masked as TFRecord files have it', () => {
    // (0xe3069283 turned right by 15 bits) + 0xa282ead8, modulo 2³²
    expect(maskedCrc32c(Buffer.from('123456789'))).toBe(0xc78ab0e5);
  });
});
