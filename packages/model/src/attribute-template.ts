import type { TextTower } from '@clip-lung/text-encoder';

/** Its first three words are five of CLIP's tokens, which spells "nodule" as three: room for the paper's four context vectors. */
export const defaultAttributeTemplate = 'the nodule is {attribute}.';

/** The same for a tokenizer to which a word is one token, as the random tower's is. */
const wordyTemplate = 'the nodule has a {attribute}.';

/**
 * The template of the attributes' prompts: the one that is asked for, or where that is the default and this tower makes too
 * few tokens of it, one with a word more.
 *
 * @param contextLength T, tokens in front of the attribute's name that give way to the context
 */
export function attributeTemplateFor(
  { tokenizer }: Pick<TextTower, 'tokenizer'>,
  template: string,
  contextLength: number,
): string {
  const room = (text: string): number =>
    tokenizer.encode(text.slice(0, text.indexOf('{'))).length;
  const short =
    template === defaultAttributeTemplate && room(template) < contextLength;
  return short && room(wordyTemplate) >= contextLength
    ? wordyTemplate
    : template;
}
