import {
  checkCount,
  float32,
  lookup,
  OptionShapeError,
  RandomStream,
  sizeOf,
  startAll,
  treeOf,
  type Weight,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

import type { ClassifierHead, HeadOptions } from './classifier-head.js';
import { logForest, logRouting } from './forest.js';
import { mapLinear } from './map-linear.js';

export interface OrdinalForestHeadOptions extends HeadOptions {
  /** default 5 */
  readonly trees?: number | undefined;
  /** levels of split nodes: a tree has 2^depth leaves; default 4 */
  readonly depth?: number | undefined;
  /** outputs of the linear layer, among which the split nodes choose; default 64 */
  readonly units?: number | undefined;
  /** of that choice, which is no parameter: it is drawn again from the seed wherever the head is made; default 1 */
  readonly seed?: number | undefined;
}

/** Of the leaves' logits at the start. Equal leaves would give the split nodes no gradient. */
const leafDeviation = 1;

/**
 * A forest of soft decision trees over the linear layer's outputs. A split node reads one output, chosen at random (no
 * output twice in a tree), and sends σ(output) of what reaches it to the left. A leaf holds an ordinal distribution; the
 * forest's is the mean of its trees', and the logits are its logarithms.
 *
 * A leaf's distribution is the softmax of K numbers, so P(y > k) falls with k in every leaf and in the forest, and the ranks
 * are consistent. As in the paper, by its abstract and by that of its successor (Lei et al., arXiv 2012.03480, which calls it
 * DORF), the outputs that a tree reads are chosen before training, all trees count the same, and the trees and their
 * distributions are trained together. Our readings: leaves are learnt by gradient, with the rest, where the paper alternates
 * the network's steps with an update of the leaves of its own; and a loss sees the forest, where the paper averages the trees'
 * losses. The loss that goes with it is `ordinal-cross-entropy` of `@clip-lung/losses`.
 *
 * Of what the forest gets, a leaf gets 1 / (trees · leaves) on average, and a split node depth / (trees · nodes); so small are
 * their gradients. The leaves' logits are therefore √(trees · leaves) times the parameters `leaves` [trees, 2^depth, K], and
 * the splits √(trees · nodes / depth) times the linear layer's outputs: a step of the same length moves them as far as it
 * moves a linear head. Without that, the rates at which the other heads learn leave a forest nearly where it began.
 *
 * @throws `ShapeError` when an option is no whole number of at least 1, or `features` no multiple of 16, and
 * `OptionShapeError` when there are fewer outputs, `units`, than split nodes in a tree
 * @see Zhu et al., Convolutional ordinal regression forest for image ordinal estimation, TNNLS 2021 (arXiv 2008.03077)
 */
export function ordinalForestHead({
  classes,
  features,
  trees = 5,
  depth = 4,
  units = 64,
  seed = 1,
}: OrdinalForestHeadOptions): ClassifierHead {
  const owner = 'an ordinal-forest head';
  for (const [option, value] of Object.entries({
    classes,
    trees,
    depth,
    units,
  })) {
    checkCount(option, value);
  }
  const leafCount = 2 ** depth;
  if (units < leafCount - 1) {
    throw new OptionShapeError(
      'units',
      `is ${units}, expected at least ${leafCount - 1}, one for each split node of a tree of depth ${depth}`,
    );
  }
  const choice = Array.from({ length: trees }, (_, tree) =>
    new RandomStream(seed, 'ordinal-forest', `tree-${tree}`)
      .shuffle(Array.from({ length: units }, (__, unit) => unit))
      .slice(0, leafCount - 1),
  );
  const leafScale = Math.sqrt(trees * leafCount);
  const splitScale = Math.sqrt((trees * (leafCount - 1)) / depth);
  const linear = mapLinear(features, units, owner);
  const weights: readonly Weight[] = [
    ...linear.weights,
    {
      path: 'leaves',
      shape: [trees, leafCount, classes],
      start: (shape, random) =>
        float32(
          shape,
          Array.from({ length: sizeOf(shape) }, () =>
            random.normal(0, leafDeviation / leafScale),
          ),
        ),
    },
  ];

  return {
    needsOrder: true,
    init: (random) => treeOf(startAll(weights, random)),

    apply(params, maps) {
      const weight = lookup(params, weights, owner);
      const splits = tf.mul(linear.apply(weight, maps), splitScale);
      const leaves = tf.mul(weight('leaves'), leafScale);
      return logForest(
        logRouting(splits as tf.Tensor2D, choice, depth),
        leaves as tf.Tensor3D,
      );
    },
  };
}
