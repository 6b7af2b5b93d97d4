import type { NdArray } from '@clip-lung/tensor';
import { PromptError } from './errors.js';
import { embedTokens } from './token-embeddings.js';
import type { Tokenizer } from './tokenizer.js';
import type { TextTower } from './tower.js';

/** A prompt whose first T tokens were cut off, to give way to T context vectors. */
export interface PromptTokens {
  /** the whole text, as errors and reports name the prompt */
  readonly text: string;
  /** the tokens after the context, without [EOT] */
  readonly suffix: readonly number[];
}

/** The prompts of one template, and the tokens that their context vectors stand for. */
export interface TemplatePrompts {
  /** ids of the first T tokens, which the prompts have in common */
  readonly context: readonly number[];
  /** one for each name, in order */
  readonly prompts: readonly PromptTokens[];
}

/**
 * Splits a text after its first T tokens.
 *
 * Where T falls is a matter of tokens, not of words: CLIP spells "nodule" as `no du le`, so with T = 4 the text
 * `a nodule image of benign.` has the context `a no du le` and the suffix `image of benign .`
 *
 * @throws {@link PromptError} when the text has fewer than T tokens
 */
export function splitPrompt(
  tokenizer: Tokenizer,
  text: string,
  contextLength: number,
): { readonly context: readonly number[]; readonly prompt: PromptTokens } {
  const ids = tokenizer.encode(text);
  if (!Number.isInteger(contextLength) || contextLength < 0) {
    throw new PromptError(
      `the context length is ${contextLength}, expected a whole number of at least 0`,
    );
  }
  if (ids.length < contextLength) {
    throw new PromptError(
      `"${text}" has ${ids.length} tokens, the context takes the first ${contextLength}: use a longer text or a shorter context`,
    );
  }
  return {
    context: ids.slice(0, contextLength),
    prompt: { text, suffix: ids.slice(contextLength) },
  };
}

const placeholder = /\{\w+\}/g;

/**
 * The prompts of a template such as `a nodule image of {class}.`, one for each name, split after T tokens.
 *
 * @throws {@link PromptError} when the template has not exactly one placeholder, or when its first T tokens differ
 *   between the names, so that one context cannot stand for all of them
 */
export function promptsFromTemplate(
  tower: TextTower,
  template: string,
  names: readonly string[],
  contextLength: number,
): TemplatePrompts {
  const places = template.match(placeholder) ?? [];
  if (places.length !== 1) {
    throw new PromptError(
      `the template "${template}" has ${places.length} placeholders, expected one, such as {class} or {attribute}`,
    );
  }
  const [first, ...others] = names.map((name) =>
    // A function, because a replacement text gives $ a meaning.
    splitPrompt(
      tower.tokenizer,
      template.replace(placeholder, () => name),
      contextLength,
    ),
  );
  if (first === undefined) {
    throw new PromptError(`the template "${template}" was given no names`);
  }
  const odd = others.find(
    ({ context }) => context.join(' ') !== first.context.join(' '),
  );
  if (odd !== undefined) {
    throw new PromptError(
      `the first ${contextLength} tokens of "${first.prompt.text}" and "${odd.prompt.text}" differ (${first.context.join(' ')} and ${odd.context.join(' ')}), one context cannot stand for both: use a shorter context, or a template with more words before ${places.join('')}`,
    );
  }
  return {
    context: first.context,
    prompts: [first, ...others].map(({ prompt }) => prompt),
  };
}

/**
 * The embeddings of the first T tokens of a text, from which learnable context vectors start.
 *
 * @returns [T, W]
 * @throws {@link PromptError} when the text has fewer than T tokens
 */
export function initialContext(
  tower: TextTower,
  text: string,
  contextLength: number,
): NdArray<'float32'> {
  const { context } = splitPrompt(tower.tokenizer, text, contextLength);
  return embedTokens(tower, context);
}
