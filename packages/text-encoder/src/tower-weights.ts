import {
  FileFormatError,
  formatShape,
  type NdArray,
  sameShape,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import type { TextTowerConfig } from './config.js';
import { fromOpenClipNames, hasOpenClipNames } from './open-clip-names.js';
import { towerShapes } from './tower.js';

/** What a file of a whole CLIP model holds besides the text tower; `position_ids` is a buffer that counts 0, 1, 2, … */
const beside =
  /^(vision_model\.|visual_projection\.|logit_scale$|text_model\.embeddings\.position_ids$)/;

/**
 * The weights of a tower out of the arrays of a file, strictly: all of them, in the right shapes, and nothing else
 * except the other half of a full CLIP model. The names may be those of Hugging Face, or of open_clip and OpenAI, whose
 * problems are listed by Hugging Face's names, too.
 *
 * @param file the name that errors start with
 * @throws {@link FileFormatError} with a line for every weight that is missing (-), unknown (+), or of another shape
 *   or type (!)
 */
export function readTowerWeights(
  tensors: Iterable<readonly [name: string, array: NdArray]>,
  config: TextTowerConfig,
  file: string,
): Tree<NdArray<'float32'>> {
  const given = [...tensors];
  const named = hasOpenClipNames(given.map(([name]) => name))
    ? fromOpenClipNames(given)
    : given;
  const found = new Map(named.filter(([name]) => !beside.test(name)));
  const weights: (readonly [string, NdArray<'float32'>])[] = [];
  const problems: string[] = [];
  for (const [name, shape] of towerShapes(config)) {
    const array = found.get(name);
    found.delete(name);
    if (array === undefined) {
      problems.push(`- ${name} ${formatShape(shape)}`);
    } else if (!array.is('float32') || !sameShape(array.shape, shape)) {
      problems.push(
        `! ${name} is ${array.dtype} ${formatShape(array.shape)}, expected float32 ${formatShape(shape)}`,
      );
    } else {
      weights.push([name, array]);
    }
  }
  for (const [name, array] of found) {
    problems.push(`+ ${name} ${formatShape(array.shape)}`);
  }
  if (problems.length > 0) {
    throw new FileFormatError(
      file,
      `does not hold the CLIP text tower that its config.json describes (- missing, + unknown, ! of another shape or type):\n${problems.join('\n')}`,
    );
  }
  return treeOf(weights);
}
