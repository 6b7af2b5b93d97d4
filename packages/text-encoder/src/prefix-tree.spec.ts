import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type PackedPrompts,
  packPrompts,
  PromptError,
  type PromptTokens,
} from './index.js';

const eot = 99;
const options = { eot, positions: 77 };

const prompt = (suffix: readonly number[]): PromptTokens => ({
  text: suffix.join(' '),
  suffix,
});

/** The nodes from [SOS] to a node. */
function pathTo({ parents }: PackedPrompts, node: number): readonly number[] {
  const parent = parents[node] ?? -1;
  return parent === -1
    ? [node]
    : [...pathTo({ parents } as PackedPrompts, parent), node];
}

const sets = fc.record({
  suffixes: fc.array(
    fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 6 }),
    {
      minLength: 1,
      maxLength: 10,
    },
  ),
  contextLength: fc.integer({ min: 0, max: 4 }),
  prefixTree: fc.boolean(),
});

describe('packPrompts', () => {
  it('gives every prompt a path of just its own tokens, at the positions that it would have alone', () => {
    fc.assert(
      fc.property(sets, ({ suffixes, contextLength, prefixTree }) => {
        const packed = packPrompts(suffixes.map(prompt), contextLength, {
          ...options,
          prefixTree,
        });
        const start = 1 + contextLength;
        suffixes.forEach((suffix, index) => {
          const path = pathTo(packed, packed.ends[index] ?? NaN);
          expect(path.slice(0, start)).toEqual(
            Array.from({ length: start }, (_, node) => node),
          );
          expect(
            path.slice(start).map((node) => packed.tokenIds[node - start]),
          ).toEqual([...suffix, eot]);
          expect(path.map((node) => packed.positions[node])).toEqual(
            path.map((_, depth) => depth),
          );
        });
      }),
    );
  });

  it('lets each node see its ancestors and itself, and nothing else', () => {
    fc.assert(
      fc.property(sets, ({ suffixes, contextLength, prefixTree }) => {
        const packed = packPrompts(suffixes.map(prompt), contextLength, {
          ...options,
          prefixTree,
        });
        const { length, mask } = packed;
        for (let node = 0; node < length; node++) {
          const seen = [
            ...mask.data.slice(node * length, (node + 1) * length),
          ].flatMap((value, other) => (value === 0 ? [other] : []));
          expect(seen).toEqual([...pathTo(packed, node)].sort((a, b) => a - b));
        }
      }),
    );
  });

  it('has one node for each distinct beginning, and the [EOT]s last', () => {
    fc.assert(
      fc.property(sets, ({ suffixes, contextLength }) => {
        const packed = packPrompts(
          suffixes.map(prompt),
          contextLength,
          options,
        );
        const beginnings = new Set(
          suffixes.flatMap((suffix) =>
            [...suffix, eot].map((_, at) =>
              [...suffix, eot].slice(0, at + 1).join(' '),
            ),
          ),
        );
        expect(packed.length).toBe(1 + contextLength + beginnings.size);
        const distinct = new Set(packed.ends).size;
        expect([...new Set(packed.ends)]).toEqual(
          Array.from(
            { length: distinct },
            (_, tip) => packed.length - distinct + tip,
          ),
        );
        packed.parents.forEach((parent, node) => {
          expect(parent).toBeLessThan(node);
        });
      }),
    );
  });

  it('reads equal prompts at one node, and a prompt apart from one that goes on', () => {
    const { ends, length } = packPrompts(
      [[1, 2], [1], [1, 2]].map(prompt),
      1,
      options,
    );
    // [SOS], context, 1, 2, and an [EOT] after 2 and after 1.
    expect(length).toBe(6);
    expect(ends).toEqual([4, 5, 4]);
  });

  it('counts the tokens of a prompt that is too long', () => {
    const of = (count: number) => () =>
      packPrompts([prompt(Array<number>(count).fill(1))], 4, options);
    expect(of(71)).not.toThrow();
    expect(of(74)).toThrow(
      /takes 80 tokens \(\[SOS\], 4 of context, 74 after it, \[EOT\]\), the tower has 77 positions: shorten it by 3/,
    );
  });

  it('refuses an [EOT] inside a prompt, and no prompts at all', () => {
    expect(() => packPrompts([prompt([1, eot, 2])], 4, options)).toThrow(
      PromptError,
    );
    expect(() => packPrompts([], 4, options)).toThrow(PromptError);
  });
});
