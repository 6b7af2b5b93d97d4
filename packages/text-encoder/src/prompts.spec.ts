import { leaves } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';
import {
  embedTokens,
  initialContext,
  PromptError,
  plainPrompt,
  type PromptItem,
  promptsFromTemplate,
  randomTower,
  tokenEmbeddingName,
} from './index.js';

const tower = randomTower({ seed: 1, width: 8, embedding: 8 });
const ids = (text: string): readonly number[] => tower.tokenizer.encode(text);
const words = (text: string): readonly PromptItem[] =>
  ids(text).map((token) => ({ token }));
const slots = (...all: readonly number[]): readonly PromptItem[] =>
  all.map((slot) => ({ slot }));

describe('promptsFromTemplate', () => {
  it('puts context vectors in the place of the first T tokens', () => {
    const { context, prompts } = promptsFromTemplate(
      tower,
      'a nodule image of {class}.',
      ['benign', 'malignant'],
      2,
    );
    expect(context).toEqual(ids('a nodule'));
    expect(prompts).toEqual([
      {
        text: 'a nodule image of benign.',
        items: [...slots(0, 1), ...words('image of benign.')],
      },
      {
        text: 'a nodule image of malignant.',
        items: [...slots(0, 1), ...words('image of malignant.')],
      },
    ]);
  });

  const template = 'a nodule image of {class}.';

  it.each([
    // Three context vectors: a nodule image. Behind them, of and the full stop stay.
    ['middle', [...slots(0), ...words('very benign'), ...slots(1, 2)]],
    ['front', [...words('very benign'), ...slots(0, 1, 2)]],
  ] as const)('moves the whole name to the %s', (position, beginning) => {
    const { prompts, context } = promptsFromTemplate(
      tower,
      template,
      ['very benign', 'malignant'],
      3,
      { position },
    );
    expect(context).toEqual(ids('a nodule image'));
    expect(prompts[0]?.items).toEqual([...beginning, ...words('of .')]);
  });

  it('gives each name context vectors of its own, from a first one on', () => {
    const { prompts } = promptsFromTemplate(tower, template, ['x', 'y'], 2, {
      contexts: 'class-specific',
      firstSlot: 3,
    });
    expect(prompts.map(({ items }) => items.slice(0, 2))).toEqual([
      slots(3, 4),
      slots(5, 6),
    ]);
  });

  it('does not move a name that is part of a word, or of the context', () => {
    const move = (text: string) => () =>
      promptsFromTemplate(tower, text, ['benign'], 2, { position: 'front' });
    expect(move('a nodule image of {class}ish')).toThrow(
      /part of a longer word/,
    );
    expect(move('a {class} nodule')).toThrow(
      /begins at token 1, among the first 2, which are the context's/,
    );
  });

  it('puts a name in as it is', () => {
    const { prompts } = promptsFromTemplate(tower, '{attribute}', ['$& $1'], 0);
    expect(prompts[0]?.text).toBe('$& $1');
  });

  it('refuses a context that reaches into names that differ', () => {
    const of = (contextLength: number) => () =>
      promptsFromTemplate(
        tower,
        'a {class} nodule',
        ['benign', 'malignant'],
        contextLength,
      );
    expect(of(1)).not.toThrow();
    expect(of(2)).toThrow(PromptError);
    expect(of(2)).toThrow(
      /the first 2 tokens of "a benign nodule" and "a malignant nodule" differ/,
    );
  });

  it.each(['a nodule', '{class} is {attribute}'])(
    'refuses the template "%s", which has not one placeholder',
    (template) => {
      expect(() => promptsFromTemplate(tower, template, ['x'], 0)).toThrow(
        /placeholders, expected one/,
      );
    },
  );

  it('refuses to make prompts of no names', () => {
    expect(() => promptsFromTemplate(tower, 'a {class}', [], 0)).toThrow(
      PromptError,
    );
  });
});

describe('plainPrompt', () => {
  it('is the tokens of a text', () => {
    expect(plainPrompt(tower.tokenizer, 'a nodule')).toEqual({
      text: 'a nodule',
      items: words('a nodule'),
    });
  });
});

describe('initialContext', () => {
  it('is the embeddings of the first T tokens', () => {
    const table = new Map(leaves(tower.weights)).get(tokenEmbeddingName);
    const context = initialContext(tower, 'the nodule is benign', 2);
    expect(context.shape).toEqual([2, 8]);
    const expected = ids('the nodule').flatMap((id) =>
      Array.from(table?.data.slice(id * 8, (id + 1) * 8) ?? [NaN]),
    );
    expect([...context.data]).toEqual(expected);
  });

  it('refuses a text that is shorter than the context', () => {
    expect(() => initialContext(tower, 'a nodule', 3)).toThrow(
      '"a nodule" has 2 tokens, the context takes the first 3',
    );
  });

  it.each([-1, 1.5])('refuses a context of %d vectors', (length) => {
    expect(() => initialContext(tower, 'a nodule', length)).toThrow(
      PromptError,
    );
  });
});

describe('embedTokens', () => {
  it.each([-1, 0.5, tower.config.vocabulary])(
    'refuses the id %d, outside the vocabulary',
    (id) => {
      expect(() => embedTokens(tower, [id])).toThrow(PromptError);
    },
  );
});
