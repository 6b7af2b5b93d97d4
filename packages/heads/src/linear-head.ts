import { checkCount, lookup, startAll, treeOf } from '@clip-lung/tensor';

import type { ClassifierHead, HeadOptions } from './classifier-head.js';
import { mapLinear } from './map-linear.js';

/**
 * CLIP-Lung's classifier: the G×8×8 feature maps averaged down to G×4×4, flattened, and one linear layer, `fc`, which starts
 * as PyTorch's `Linear`.
 *
 * @throws `ShapeError` when an option is no whole number of at least 1, or `features` no multiple of 16
 */
export function linearHead({ classes, features }: HeadOptions): ClassifierHead {
  const owner = 'a linear head';
  checkCount('classes', classes);
  const { weights, apply } = mapLinear(features, classes, owner);
  return {
    init: (random) => treeOf(startAll(weights, random)),
    apply: (params, maps) => apply(lookup(params, weights, owner), maps),
  };
}
