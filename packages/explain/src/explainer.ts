import type { Hosted } from '@clip-lung/engine';
import type { Weights } from '@clip-lung/inference';
import type { NdArray } from '@clip-lung/tensor';

import type { HeatMap } from './heat-map.js';

/** What is explained: crops, and of each the class. */
export interface ExplainedCases {
  /** HU, [B, 32, 32, 32] */
  readonly hu: NdArray<'float32'>;
  /** indices, [B] */
  readonly classes: readonly number[];
}

/** What a method finds in one crop. */
export interface Explanation {
  readonly map: HeatMap;
  /** of all classes, [K] */
  readonly logits: readonly number[];
}

/** A method that is compiled once for any weights of its model. */
export interface Explainer {
  /** `grad-cam of layer4` */
  readonly name: string;
  /** [B] explanations */
  explain(
    weights: Hosted<Weights>,
    cases: ExplainedCases,
  ): Promise<readonly Explanation[]>;
  release(): Promise<void>;
}
