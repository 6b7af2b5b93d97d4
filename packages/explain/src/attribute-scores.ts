import type {
  CompiledFunction,
  Engine,
  Hosted,
  Results,
} from '@clip-lung/engine';
import { type Weights, windowedImages } from '@clip-lung/inference';
import type { Model, ModelParams } from '@clip-lung/model';
import { at, elementsOf, type NdArray, type Tree } from '@clip-lung/tensor';
import type * as tf from '@tensorflow/tfjs-core';

import { ExplanationRequestError } from './errors.js';

/** What attributes are scored of. */
export interface ScoredCases {
  /** HU, [B, 32, 32, 32] */
  readonly hu: NdArray<'float32'>;
  /** `Model.textFields` by their names */
  readonly fields: Readonly<Record<string, NdArray>>;
}

type Inputs = {
  readonly hu: tf.Tensor;
  readonly fields: Readonly<Record<string, tf.Tensor>>;
};
type Outputs = { readonly scores: tf.Tensor };
type Frozen = { readonly weights: Weights; readonly model: Tree<tf.Tensor> };
type None = Record<string, never>;

/** Scores of attributes: how near a nodule is to the text of each. */
export interface AttributeScorer {
  /** M names */
  readonly attributes: readonly string[];
  /** cosines, −1..1, [B][M] */
  score(cases: ScoredCases): Promise<readonly (readonly number[])[]>;
  release(): Promise<void>;
}

/**
 * Makes the scores of a model's attributes ready.
 *
 * @throws {@link ExplanationRequestError} for a model that compares no attributes with images
 */
export function createAttributeScorer(
  engine: Engine,
  model: Model,
  weights: Hosted<Weights>,
): AttributeScorer {
  const { attributeScores, attributes } = model;
  if (attributeScores === undefined) {
    throw new ExplanationRequestError(
      'there are no texts of attributes to score by: none of the losses compares attributes (image-attribute and class-attribute do)',
    );
  }
  const compiled: CompiledFunction<None, Inputs, Outputs> = engine.compile<
    None,
    Inputs,
    Outputs,
    Frozen
  >(
    ({ inputs: { hu, fields }, frozen }): Results<Outputs> => ({
      outputs: {
        scores: attributeScores(
          frozen.weights.params as unknown as ModelParams,
          frozen.weights.statistics,
          windowedImages(hu),
          frozen.model,
          fields,
        ),
      },
    }),
    { name: 'scores of attributes', frozen: { weights, model: model.frozen } },
  );
  return {
    attributes,
    async score({ hu, fields }) {
      const none = engine.state<None>({});
      const { scores } = await compiled.run(none, { hu, fields });
      const values = elementsOf(scores, 'float32', 'the scores');
      const M = attributes.length;
      const count = at(hu.shape, 0, 'axes');
      return Array.from({ length: count }, (_, i) => [
        ...values.subarray(i * M, (i + 1) * M),
      ]);
    },
    release: () => compiled.release(),
  };
}
