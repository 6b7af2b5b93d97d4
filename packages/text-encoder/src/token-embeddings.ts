import { leaves, NdArray } from '@clip-lung/tensor';
import { PromptError } from './errors.js';
import { type TextTower, tokenEmbeddingName } from './tower.js';

/**
 * Rows of the token embedding, picked on the host: a graph that runs the tower then never holds the whole table
 * (49,408 × W in CLIP).
 *
 * @returns [ids.length, W]
 * @throws {@link PromptError} for an id outside the vocabulary
 */
export function embedTokens(
  tower: TextTower,
  ids: readonly number[],
): NdArray<'float32'> {
  const { width, vocabulary } = tower.config;
  const table = new Map(leaves(tower.weights)).get(tokenEmbeddingName);
  if (table === undefined) {
    throw new PromptError(
      `the text tower ${tower.name} has no ${tokenEmbeddingName}`,
    );
  }
  const rows = new Float32Array(ids.length * width);
  ids.forEach((id, row) => {
    if (!Number.isInteger(id) || id < 0 || id >= vocabulary) {
      throw new PromptError(
        `token id ${id} is outside the vocabulary of the text tower ${tower.name}, 0 to ${vocabulary - 1}: is this its own tokenizer?`,
      );
    }
    rows.set(table.data.subarray(id * width, (id + 1) * width), row * width);
  });
  return new NdArray('float32', [ids.length, width], rows);
}
