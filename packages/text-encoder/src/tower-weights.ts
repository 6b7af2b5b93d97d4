import {
  at,
  FileFormatError,
  formatShape,
  type NdArray,
  sameShape,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import type { TextTowerConfig } from './config.js';
import { listDifferences, type NameDifference } from './name-differences.js';
import { fromOpenClipNames, hasOpenClipNames } from './open-clip-names.js';
import { towerShapes } from './tower.js';

type Named = readonly [name: string, array: NdArray];

/** Since its version 5, transformers writes a `CLIPTextModel` without the name that its weights had in front. */
const bare = /^(?=(embeddings|encoder\.layers|final_layer_norm)\.)/;

/** What a file of a whole CLIP model holds besides the text tower; `position_ids` is a buffer that counts 0, 1, 2, … */
const beside =
  /^(vision_model\.|visual_projection\.|logit_scale$|text_model\.embeddings\.position_ids$)/;

/**
 * The weights of a tower out of the arrays of a file, strictly: all of them, in the right shapes, and nothing else
 * except the other half of a full CLIP model. The names may be those of Hugging Face, or of open_clip and OpenAI, whose
 * problems are listed by Hugging Face's names, too.
 *
 * @param file the name that errors start with
 * @throws {@link FileFormatError} with at most twelve lines about weights that are missing (-), unknown (+), or of another shape
 *   or type (!); and for a weight that is not finite
 */
export function readTowerWeights(
  tensors: Iterable<readonly [name: string, array: NdArray]>,
  config: TextTowerConfig,
  file: string,
): Tree<NdArray<'float32'>> {
  const given = [...tensors];
  const named = underOwnNames(given);
  const found = new Map(named.filter(([name]) => !beside.test(name)));
  const weights: (readonly [string, NdArray<'float32'>])[] = [];
  expectOnce(named, file);
  const problems: NameDifference[] = [];
  for (const [name, shape] of towerShapes(config)) {
    const array = found.get(name);
    found.delete(name);
    if (array === undefined) {
      problems.push({ sign: '-', name, detail: formatShape(shape) });
    } else if (!array.is('float32') || !sameShape(array.shape, shape)) {
      const detail = `is ${array.dtype} ${formatShape(array.shape)}, expected float32 ${formatShape(shape)}`;
      problems.push({ sign: '!', name, detail });
    } else {
      expectFinite(name, array, file);
      weights.push([name, array]);
    }
  }
  for (const [name, array] of found) {
    problems.push({ sign: '+', name, detail: formatShape(array.shape) });
  }
  if (problems.length > 0) {
    throw new FileFormatError(
      file,
      `does not hold the CLIP text tower that its config.json describes: ${problems.length} names differ (- missing, + unknown, ! of another shape or type)\n${listDifferences(problems).join('\n')}`,
    );
  }
  return treeOf(weights);
}

function underOwnNames(given: readonly Named[]): readonly Named[] {
  const names = given.map(([name]) => name);
  if (hasOpenClipNames(names)) return fromOpenClipNames(given);
  if (names.some((name) => name.startsWith('text_model.'))) return given;
  return given.map(([name, array]) => [
    name.replace(bare, 'text_model.'),
    array,
  ]);
}

/** @throws {@link FileFormatError} for a weight that is NaN or infinite: every feature would be, too */
function expectFinite(
  name: string,
  { data, shape }: NdArray<'float32'>,
  file: string,
): void {
  const odd = data.findIndex((value) => !Number.isFinite(value));
  if (odd < 0) return;
  const count = data.reduce(
    (n, value) => n + (Number.isFinite(value) ? 0 : 1),
    0,
  );
  throw new FileFormatError(
    file,
    `the weight "${name}" ${formatShape(shape)} has ${count} ${count === 1 ? 'value that is' : 'values that are'} not finite, the first ${at(data, odd)} at ${odd}: the file is damaged, or was saved from a training that went wrong; take another copy`,
  );
}

/** @throws {@link FileFormatError} for a name that two files of one model have: nothing says which is meant */
function expectOnce(named: readonly Named[], file: string): void {
  const seen = new Set<string>();
  for (const [name] of named) {
    if (seen.has(name)) {
      throw new FileFormatError(
        file,
        `has the weight "${name}" twice; download the model again`,
      );
    }
    seen.add(name);
  }
}
