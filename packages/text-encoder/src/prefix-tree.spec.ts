import { at } from '@clip-lung/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Prompt, PromptError, type PromptItem } from './index.js';
import { type PackedPrompts, packPrompts } from './prefix-tree.js';

const [sos, eot] = [98, 99];
const options = { sos, eot, positions: 77 };

const prompt = (items: readonly PromptItem[]): Prompt => ({
  text: JSON.stringify(items),
  items,
});
const tokens = (...ids: readonly number[]): readonly PromptItem[] =>
  ids.map((token) => ({ token }));
const slots = (...all: readonly number[]): readonly PromptItem[] =>
  all.map((slot) => ({ slot }));

/** The nodes from [SOS] to a node. */
function pathTo({ parents }: PackedPrompts, node: number): readonly number[] {
  const parent = at(parents, node);
  return parent === -1
    ? [node]
    : [...pathTo({ parents } as PackedPrompts, parent), node];
}

/** What a node stands for. */
function itemAt(
  { sharedTokens, contextSlots, ownTokens }: PackedPrompts,
  node: number,
): PromptItem | undefined {
  const all = [
    ...tokens(...sharedTokens),
    ...slots(...contextSlots),
    ...tokens(...ownTokens),
  ];
  return all[node];
}

const item = fc.oneof(
  fc.integer({ min: 0, max: 2 }).map((token) => ({ token })),
  fc.integer({ min: 0, max: 2 }).map((slot) => ({ slot })),
);
const sets = fc.record({
  prompts: fc.array(fc.array(item, { maxLength: 6 }).map(prompt), {
    minLength: 1,
    maxLength: 10,
  }),
  prefixTree: fc.boolean(),
});

describe('packPrompts', () => {
  it('gives every prompt a path of just its own items, at the positions that it would have alone', () => {
    fc.assert(
      fc.property(sets, ({ prompts, prefixTree }) => {
        const packed = packPrompts(prompts, { ...options, prefixTree });
        prompts.forEach(({ items }, index) => {
          const path = pathTo(packed, packed.ends[index] ?? NaN);
          expect(path.map((node) => itemAt(packed, node))).toEqual([
            { token: sos },
            ...items,
            { token: eot },
          ]);
          expect(path.map((node) => packed.positions[node])).toEqual(
            path.map((_, depth) => depth),
          );
        });
      }),
    );
  });

  it('lets each node see its ancestors and itself, and nothing else', () => {
    fc.assert(
      fc.property(sets, ({ prompts, prefixTree }) => {
        const packed = packPrompts(prompts, { ...options, prefixTree });
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
      fc.property(sets, ({ prompts }) => {
        const packed = packPrompts(prompts, options);
        const beginnings = new Set(
          prompts.flatMap(({ items }) =>
            [...items, { token: eot }].map((_, at) =>
              JSON.stringify([...items, { token: eot }].slice(0, at + 1)),
            ),
          ),
        );
        expect(packed.length).toBe(1 + beginnings.size);
        const distinct = new Set(packed.ends).size;
        expect([...new Set(packed.ends)]).toEqual(
          Array.from(
            { length: distinct },
            (_, tip) => packed.length - distinct + tip,
          ),
        );
      }),
    );
  });

  it('has nodes of its own for every prompt when told so', () => {
    fc.assert(
      fc.property(sets, ({ prompts }) => {
        const { length } = packPrompts(prompts, {
          ...options,
          prefixTree: false,
        });
        const counts = prompts.map(({ items }) => items.length + 1);
        expect(length).toBe(1 + counts.reduce((sum, count) => sum + count));
      }),
    );
  });

  it('counts as shared just what sees no context vector and is seen by one', () => {
    fc.assert(
      fc.property(sets, ({ prompts, prefixTree }) => {
        const packed = packPrompts(prompts, { ...options, prefixTree });
        const { sharedTokens, contextSlots, length } = packed;
        const isSlot = (node: number): boolean =>
          node >= sharedTokens.length &&
          node < sharedTokens.length + contextSlots.length;
        const before = new Set([0]);
        for (let node = 0; node < length; node++) {
          if (!isSlot(node)) continue;
          const path = pathTo(packed, node);
          for (const own of path.slice(0, path.findIndex(isSlot))) {
            before.add(own);
          }
        }
        expect([...before].sort((a, b) => a - b)).toEqual(
          sharedTokens.map((_, node) => node),
        );
      }),
    );
  });

  it('reads equal prompts at one node, and a prompt apart from one that goes on', () => {
    const { ends, length } = packPrompts(
      [[1, 2], [1], [1, 2]].map((ids) =>
        prompt([...slots(0), ...tokens(...ids)]),
      ),
      options,
    );
    // [SOS], context, 1, 2, and an [EOT] after 2 and after 1.
    expect(length).toBe(6);
    expect(ends).toEqual([4, 5, 4]);
  });

  it('branches where contexts do, and shares a name that stands before them', () => {
    const own = packPrompts(
      [slots(0, 1), slots(2, 3)].map((context) =>
        prompt([...context, ...tokens(7)]),
      ),
      options,
    );
    expect(own).toMatchObject({
      slots: 4,
      sharedTokens: [sos],
      contextSlots: [0, 1, 2, 3],
      ownTokens: [7, 7, eot, eot],
    });
    const front = packPrompts(
      [[5], [5, 6]].map((name) =>
        prompt([...tokens(...name), ...slots(0, 1), ...tokens(7)]),
      ),
      options,
    );
    expect(front).toMatchObject({
      slots: 2,
      sharedTokens: [sos, 5, 6],
      contextSlots: [0, 1, 0, 1],
      ownTokens: [7, 7, eot, eot],
    });
  });

  it('counts the tokens of a prompt that is too long', () => {
    const of = (count: number) => () =>
      packPrompts(
        [
          prompt([
            ...slots(0, 1, 2, 3),
            ...tokens(...Array<number>(count).fill(1)),
          ]),
        ],
        options,
      );
    expect(of(71)).not.toThrow();
    expect(of(74)).toThrow(
      /takes 80 tokens \(\[SOS\], 4 of context, 74 others, \[EOT\]\), the tower has 77 positions: shorten it by 3/,
    );
  });

  it.each([
    ['an [EOT] inside a prompt', [prompt(tokens(1, eot, 2))]],
    ['a context vector that cannot be', [prompt(slots(-1))]],
    ['half a context vector', [prompt(slots(0.5))]],
    ['no prompts at all', []],
  ])('refuses %s', (_, prompts) => {
    expect(() => packPrompts(prompts, options)).toThrow(PromptError);
  });
});
