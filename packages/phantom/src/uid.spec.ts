import { expect, it } from 'vitest';

import { UidSource } from './uid.js';

it('makes UIDs that are valid, unique, and repeatable', () => {
  const source = new UidSource(1);
  const uids = [1, 2, 9999].flatMap((patient) => [
    ...(['study', 'series', 'frame', 'message'] as const).map((kind) =>
      source.uid(kind, patient),
    ),
    ...Array.from({ length: 600 }, (_, i) =>
      source.uid('slice', patient, i + 1),
    ),
  ]);
  expect(new Set(uids).size).toBe(uids.length);
  for (const uid of uids) {
    // DICOM PS3.5 §9.1: at most 64 characters, no leading zeros; §B.2: a UUID has 128 bits
    expect(uid).toMatch(/^2\.25\.[1-9]\d{0,38}$/);
    expect(BigInt(uid.slice(5)) >> 128n).toBe(0n);
    // RFC 9562: version 8, variant 10
    expect((BigInt(uid.slice(5)) >> 76n) & 15n).toBe(8n);
    expect((BigInt(uid.slice(5)) >> 62n) & 3n).toBe(2n);
  }
  expect(new UidSource(1).uid('slice', 3, 4)).toBe(source.uid('slice', 3, 4));
  expect(new UidSource(2).uid('slice', 3, 4)).not.toBe(
    source.uid('slice', 3, 4),
  );
});
