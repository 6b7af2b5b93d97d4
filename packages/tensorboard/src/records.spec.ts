import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { frameRecord, readRecords } from './records.js';

describe('readRecords', () => {
  it('reads what frameRecord has written, up to wherever the file is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }),
        fc.nat(),
        (data, some) => {
          const framed = data.map(frameRecord);
          const file = Buffer.concat(framed);
          const cut = some % (file.length + 1);
          const found = readRecords(file.subarray(0, cut));
          let whole = 0;
          let bytes = 0;
          for (const { length } of framed) {
            if (bytes + length > cut) break;
            bytes += length;
            whole += 1;
          }
          expect(found.records.map((record) => [...record])).toEqual(
            data.slice(0, whole).map((record) => [...record]),
          );
          expect(found.bytes).toBe(bytes);
          expect(found.problem === undefined).toBe(bytes === cut);
        },
      ),
    );
  });

  it('finds every bit that is turned', () => {
    const file = Buffer.concat([
      frameRecord(Buffer.from('one')),
      frameRecord(Buffer.from('two')),
    ]);
    for (let bit = 0; bit < file.length * 8; bit++) {
      const turned = Buffer.from(file);
      turned.writeUInt8(
        turned.readUInt8(bit >> 3) ^ (1 << (bit & 7)),
        bit >> 3,
      );
      const { records, problem } = readRecords(turned);
      const own = bit >> 3 < file.length / 2 ? 0 : 1;
      expect(records).toHaveLength(own);
      expect(problem).toMatch(
        new RegExp(
          `^record ${own} at byte ${own * 19} (is damaged|is cut off)`,
        ),
      );
    }
  });

  it('takes no memory for a length that the file has not', () => {
    const record = frameRecord(new Uint8Array(8).fill(255));
    const head = frameRecord(record.subarray(12, 20)).subarray(0, 12);
    expect(readRecords(head).problem).toBe('record 0 at byte 0 is cut off');
  });
});
