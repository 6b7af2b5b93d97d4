import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { SourceError } from '../../errors.js';
import { defineSource } from './define-source.js';
import { expectSource } from './expect-source.js';

describe('what a file exports in place of a source', () => {
  it.each<readonly [unknown, RegExp]>([
    [
      undefined,
      /^a\.ts: has no default export; expected a source: export default defineSource/,
    ],
    [[source()], /^a\.ts: exports a list by default; a file has one source/],
    [() => source(), /^a\.ts: exports a function by default/],
    ['crops', /^a\.ts: exports "crops" by default/],
    [null, /^a\.ts: exports null by default/],
    [
      { kind: 'loss', name: 'a', create: () => 1 },
      /a module of the kind loss by default, which an experiment names/,
    ],
    [
      { ...source(), prepare: undefined, open: () => 1 },
      /has no open\(\); make the source with defineSource/,
    ],
    [
      { name: 'a', reads: 'b', options: z.strictObject({}), open: () => 1 },
      /that defineSource\(\) has not made/,
    ],
    [
      { ...source(), name: undefined },
      /name: is missing, expected small letters/,
    ],
    [
      { ...source(), name: 'My clinic' },
      /name: is "My clinic", expected small letters/,
    ],
    [
      { ...source(), name: 'lidc-idri' },
      /name: is "lidc-idri", which is a source already/,
    ],
    [{ ...source(), reads: 3 }, /reads: is 3, expected what is read, in words/],
    [
      { ...source(), options: { count: 3 } },
      /options: is an object, expected a schema/,
    ],
    [
      { ...source(), options: z.string() },
      /options: is an object, expected a schema/,
    ],
  ])('%o is refused', (exported, message) => {
    const refused = () => expectSource(exported, 'a.ts');
    expect(refused).toThrow(SourceError);
    expect(refused).toThrow(message);
  });

  it.each<readonly [Readonly<Record<string, z.ZodType>>, RegExp]>([
    [{ out: z.string() }, /"out" is an option of prepare itself/],
    [
      { 'min-slices': z.int() },
      /"min-slices" cannot be an option; expected .* minSlices/,
    ],
    [
      { noAir: z.boolean() },
      /"noAir" would be --no-air, which denies another option/,
    ],
    [
      { air: z.boolean().default(true) },
      /"air" is true unless said, and --air could only say the same/,
    ],
    [
      { window: z.object({ low: z.number() }) },
      /"window" can be given on no command line/,
    ],
    [{ sizes: z.array(z.int()) }, /"sizes" can be given on no command line/],
  ])('with the options %o is refused', (options, message) => {
    const exported = { ...source(), options: z.strictObject(options) };
    expect(() => expectSource(exported, 'a.ts')).toThrow(message);
  });

  it('that is a source is taken', () => {
    const one = source();
    expect(expectSource(one, 'a.ts')).toBe(one);
  });
});

function source() {
  return defineSource({
    name: 'mine',
    reads: 'nothing',
    options: z.strictObject({
      count: z.int().default(1),
      kinds: z.array(z.string()),
    }),
    open: () => {
      throw new TypeError('is not opened here');
    },
  });
}
