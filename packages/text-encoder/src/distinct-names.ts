import { PromptError } from './errors.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * Two names that are the same tokens have the same features in every template, and nothing could tell them apart. CLIP's
 * tokenizer knows neither case nor the number of blanks.
 *
 * @throws {@link PromptError} that names both, or a name that is no token at all
 */
export function expectDistinctNames(
  tokenizer: Tokenizer,
  names: readonly string[],
): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const ids = tokenizer.encode(name).join(' ');
    if (ids === '') {
      throw new PromptError(
        `has ${JSON.stringify(name)}, of which the text tower's tokenizer makes no tokens; choose another name`,
      );
    }
    const same = seen.get(ids);
    if (same !== undefined) {
      throw new PromptError(
        `has ${JSON.stringify(same)} and ${JSON.stringify(name)}, which are the same to the text tower: it ignores case and blanks, so both are the tokens ${ids}; rename one of them`,
      );
    }
    seen.set(ids, name);
  }
}
