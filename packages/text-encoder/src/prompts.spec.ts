import { leaves } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';
import {
  embedTokens,
  initialContext,
  PromptError,
  promptsFromTemplate,
  randomTower,
  splitPrompt,
  tokenEmbeddingName,
} from './index.js';

const tower = randomTower({ seed: 1, width: 8, embedding: 8 });
const ids = (text: string): readonly number[] => tower.tokenizer.encode(text);

describe('promptsFromTemplate', () => {
  it('splits every prompt after the first T tokens', () => {
    const { context, prompts } = promptsFromTemplate(
      tower,
      'a nodule image of {class}.',
      ['benign', 'malignant'],
      2,
    );
    expect(context).toEqual(ids('a nodule'));
    expect(prompts).toEqual([
      { text: 'a nodule image of benign.', suffix: ids('image of benign.') },
      {
        text: 'a nodule image of malignant.',
        suffix: ids('image of malignant.'),
      },
    ]);
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

describe('splitPrompt', () => {
  it('refuses a text that is shorter than the context', () => {
    expect(() => splitPrompt(tower.tokenizer, 'a nodule', 3)).toThrow(
      '"a nodule" has 2 tokens, the context takes the first 3',
    );
  });

  it.each([-1, 1.5])('refuses a context of %d vectors', (length) => {
    expect(() => splitPrompt(tower.tokenizer, 'a nodule', length)).toThrow(
      PromptError,
    );
  });
});

describe('initialContext', () => {
  it('is the embeddings of the first T tokens', () => {
    const table = new Map(leaves(tower.weights)).get(tokenEmbeddingName);
    const context = initialContext(tower, 'the nodule is benign', 2);
    expect(context.shape).toEqual([2, 8]);
    const expected = ids('the nodule').flatMap((id) => [
      ...(table?.data.slice(id * 8, (id + 1) * 8) ?? []),
    ]);
    expect([...context.data]).toEqual(expected);
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
