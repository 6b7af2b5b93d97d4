import {
  at,
  formatShape,
  NdArray,
  ShapeError,
  softmax,
} from '@clip-lung/tensor';
import { encodeText, type EncodeTextOptions } from './text-features.js';
import { expectDistinctNames } from './distinct-names.js';
import { PromptError } from './errors.js';
import { promptsFromTemplate } from './prompts.js';
import type { TextTower } from './tower.js';

export interface ZeroShotOptions extends EncodeTextOptions {
  /** each with one placeholder, such as `a nodule image of {class}.`; of several, the features are averaged */
  readonly templates: readonly string[];
  /** K names */
  readonly classes: readonly string[];
  /** 1 / temperature, such as a model's exp(logit scale); default 100, at which CLIP's training ended */
  readonly scale?: number;
}

/** Classifies images by texts alone. */
export interface ZeroShotClassifier {
  /** normalised text features of the classes, [K, D] */
  readonly classes: NdArray<'float32'>;
  /**
   * @param images image features, which need not be normalised, [B, D]; or those of T channel groups, [B, T, D], whose
   *   cosines are averaged
   * @returns probabilities, [B, K]
   * @throws {@link ShapeError} for features of another width
   */
  readonly classify: (images: NdArray<'float32'>) => NdArray<'float32'>;
}

/**
 * CLIP's zero-shot classifier: a class is the direction of its text's features, averaged over templates.
 *
 * @throws {@link PromptError} for a template without placeholder, when there is no template or no class, and for two
 *   classes that are the same tokens
 * @see Radford et al. 2021 (arXiv 2103.00020), §3.1.2 and §3.1.4
 */
export async function zeroShotClassifier(
  tower: TextTower,
  { templates, classes, scale = 100, ...options }: ZeroShotOptions,
): Promise<ZeroShotClassifier> {
  const { embedding } = tower.config;
  if (templates.length === 0) throw new PromptError('there are no templates');
  expectDistinctClasses(tower, classes);
  const texts = templates.flatMap((template) =>
    promptsFromTemplate(tower, template, classes, 0).prompts.map(
      ({ text }) => text,
    ),
  );
  const { data } = await encodeText(tower, texts, options);
  const sums = new Float32Array(classes.length * embedding);
  for (let row = 0; row < texts.length; row++) {
    const place = (row % classes.length) * embedding;
    direction(data, row, embedding).forEach((value, at) => {
      sums[place + at] = (sums[place + at] as number) + value;
    });
  }
  const directions = classes.map((_, row) => direction(sums, row, embedding));
  return {
    classes: new NdArray(
      'float32',
      [classes.length, embedding],
      Float32Array.from(directions.flatMap((values) => [...values])),
    ),
    classify(images) {
      const { shape, data } = images;
      const [batch, ...rest] = shape;
      const groups = rest.length === 2 ? at(rest, 0) : 1;
      if (
        batch === undefined ||
        (rest.length !== 1 && rest.length !== 2) ||
        groups === 0 ||
        rest.at(-1) !== embedding
      ) {
        throw new ShapeError(
          `the image features are ${formatShape(shape)}, those of the text tower ${tower.name} [B, ${embedding}] or [B, T, ${embedding}]`,
        );
      }
      const rows = Array.from({ length: batch }, (_, row) => {
        const views = Array.from({ length: groups }, (_, group) =>
          direction(data, row * groups + group, embedding),
        );
        return softmax(
          directions.map(
            (text) =>
              (scale / groups) *
              views.reduce((sum, view) => sum + dot(view, text), 0),
          ),
        );
      });
      return new NdArray(
        'float32',
        [batch, classes.length],
        Float32Array.from(rows.flat()),
      );
    },
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
}

/** One row of length 1. */
function direction(
  rows: Float32Array,
  row: number,
  width: number,
): Float64Array {
  const values = Float64Array.from(
    rows.subarray(row * width, (row + 1) * width),
  );
  const length = Math.sqrt(dot(values, values));
  return values.map((value) => value / length);
}

function expectDistinctClasses(
  { tokenizer }: TextTower,
  classes: readonly string[],
): void {
  try {
    expectDistinctNames(tokenizer, classes);
  } catch (error) {
    if (!(error instanceof PromptError)) throw error;
    throw new PromptError(`the list of classes ${error.message}`, {
      cause: error,
    });
  }
}
