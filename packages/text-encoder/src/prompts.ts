import type { NdArray } from '@clip-lung/tensor';
import { PromptError } from './errors.js';
import { embedTokens } from './token-embeddings.js';
import type { Tokenizer } from './tokenizer.js';
import type { TextTower } from './tower.js';

/** A place of a prompt: a token of the vocabulary, or one of the S context vectors, counted from 0. */
export type PromptItem = { readonly token: number } | { readonly slot: number };

/** A text of which some tokens gave way to context vectors. */
export interface Prompt {
  /** the whole text, as errors and reports name the prompt */
  readonly text: string;
  /** what stands between [SOS] and [EOT] */
  readonly items: readonly PromptItem[];
}

/**
 * Where a class's name stands among the context vectors: behind them, amid them (⌊T/2⌋ before it, the rest after), or in
 * front of them.
 *
 * @see Learning to Prompt for Vision-Language Models (IJCV 2022), §3.2
 */
export type NamePosition = 'end' | 'middle' | 'front';

/** The prompts of one template, and the tokens that their context vectors stand for. */
export interface TemplatePrompts {
  /** ids of the first T tokens, which the prompts have in common */
  readonly context: readonly number[];
  /** one for each name, in order */
  readonly prompts: readonly Prompt[];
}

export interface TemplateOptions {
  /**
   * `end` leaves the name where the template has it, behind the context; else it moves, and the words between the context
   * and the name stay behind the context. Default `end`.
   */
  readonly position?: NamePosition;
  /** one context for all names, or T context vectors for each; default `shared` */
  readonly contexts?: 'shared' | 'class-specific';
  /** the first of the context vectors that these prompts take; default 0 */
  readonly firstSlot?: number;
}

/** T context vectors from a first one on. */
function slots(first: number, count: number): readonly PromptItem[] {
  return Array.from({ length: count }, (_, at) => ({ slot: first + at }));
}

const tokens = (ids: readonly number[]): readonly PromptItem[] =>
  ids.map((token) => ({ token }));

/** A prompt that is a text as it is, without context vectors. */
export function plainPrompt(tokenizer: Tokenizer, text: string): Prompt {
  return { text, items: tokens(tokenizer.encode(text)) };
}

/** @throws {@link PromptError} when a text has fewer than T tokens */
function expectTokens(
  text: string,
  ids: readonly number[],
  contextLength: number,
): void {
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
}

/** A template's text with a name in it, as tokens. */
interface Filled {
  readonly name: string;
  readonly text: string;
  readonly ids: readonly number[];
  /** the name's own tokens, `ids` from `start` to before `end` */
  readonly start: number;
  readonly end: number;
}

const placeholder = /\{\w+\}/g;

/**
 * The prompts of a template such as `a nodule image of {class}.`, one for each name: the first T tokens give way to
 * context vectors.
 *
 * Where T falls is a matter of tokens, not of words: CLIP spells "nodule" as `no du le`, so with T = 4 the text
 * `a nodule image of benign.` has the context `a no du le`, behind which `image of benign .` remains.
 *
 * @throws {@link PromptError} when the template has not exactly one placeholder, when its first T tokens differ between
 *   the names, so that one context cannot stand for all of them, or when a name that is to move is part of a longer word
 */
export function promptsFromTemplate(
  { tokenizer }: Pick<TextTower, 'tokenizer'>,
  template: string,
  names: readonly string[],
  contextLength: number,
  {
    position = 'end',
    contexts = 'shared',
    firstSlot = 0,
  }: TemplateOptions = {},
): TemplatePrompts {
  const places = [...template.matchAll(placeholder)];
  const [place] = places;
  if (places.length !== 1 || place === undefined) {
    throw new PromptError(
      `the template "${template}" has ${places.length} placeholders, expected one, such as {class} or {attribute}`,
    );
  }
  const before = template.slice(0, place.index);
  const after = template.slice(place.index + place[0].length);
  const fill = (name: string): Filled => {
    const text = before + name + after;
    const ids = tokenizer.encode(text);
    expectTokens(text, ids, contextLength);
    const start = tokenizer.encode(before).length;
    const end = start + tokenizer.encode(name).length;
    return { name, text, ids, start, end };
  };
  const filled = names.map(fill);
  const [first, ...others] = filled;
  if (first === undefined) {
    throw new PromptError(`the template "${template}" was given no names`);
  }
  const contextOf = ({ ids }: Filled): readonly number[] =>
    ids.slice(0, contextLength);
  const odd = others.find(
    (own) => contextOf(own).join() !== contextOf(first).join(),
  );
  if (odd !== undefined) {
    throw new PromptError(
      `the first ${contextLength} tokens of "${first.text}" and "${odd.text}" differ (${contextOf(first).join(' ')} and ${contextOf(odd).join(' ')}), one context cannot stand for both: use a shorter context, or a template with more words before ${place[0]}`,
    );
  }
  return {
    context: contextOf(first),
    prompts: filled.map((own, at) => {
      const from =
        firstSlot + (contexts === 'class-specific' ? at * contextLength : 0);
      return {
        text: own.text,
        items: arranged(own, slots(from, contextLength), position, () =>
          // The parts, each by itself, must be the text's tokens.
          [before, own.name, after].flatMap((part) => tokenizer.encode(part)),
        ),
      };
    }),
  };
}

/** The items of a prompt, with the name where it is wanted. */
function arranged(
  { text, ids, start, end }: Filled,
  context: readonly PromptItem[],
  position: NamePosition,
  byParts: () => readonly number[],
): readonly PromptItem[] {
  const length = context.length;
  if (position === 'end') return [...context, ...tokens(ids.slice(length))];
  if (byParts().join() !== ids.join() || start < length) {
    throw new PromptError(
      start < length
        ? `the name in "${text}" begins at token ${start}, among the first ${length}, which are the context's: it cannot move`
        : `the name in "${text}" is part of a longer word, so it cannot move to the ${position}: set it apart by a space or a full stop`,
    );
  }
  const name = tokens(ids.slice(start, end));
  const rest = tokens([...ids.slice(length, start), ...ids.slice(end)]);
  const half = position === 'middle' ? Math.floor(length / 2) : 0;
  return [...context.slice(0, half), ...name, ...context.slice(half), ...rest];
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
  const ids = tower.tokenizer.encode(text);
  expectTokens(text, ids, contextLength);
  return embedTokens(tower, ids.slice(0, contextLength));
}
