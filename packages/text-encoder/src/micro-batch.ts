import { at, leaves, type Tree, treeOf } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Text features of contexts, [B, T, W] to [B, P, D]. */
type Encode = (weights: Tree<tf.Tensor>, context: tf.Tensor3D) => tf.Tensor3D;

/**
 * The same function, run for a few nodules at a time. Nodules do not see each other, so features and gradients are the
 * same; what is kept at any time is what a few nodules need.
 *
 * The gradient needs every intermediate value, which is what takes the memory. So they are not kept at first, but
 * computed again when the gradient is, again for a few nodules at a time: a third more arithmetic.
 */
export function inMicroBatches(encode: Encode, size: number): Encode {
  return (tree, context) => {
    const [batch] = context.shape;
    if (batch <= size) return encode(tree, context);
    const named = leaves(tree);
    const treeWith = (weights: readonly tf.Tensor[]): Tree<tf.Tensor> =>
      treeOf(named.map(([name], i) => [name, at(weights, i)]));
    const places = Array.from({ length: Math.ceil(batch / size) }, (_, at) => ({
      from: at * size,
      count: Math.min(size, batch - at * size),
    }));
    const compute = tf.customGrad<tf.Tensor3D>((...given) => {
      const save = given.at(-1) as tf.GradSaveFunc;
      const inputs = given.slice(0, -1) as tf.Tensor[];
      save(inputs);
      const parts = places.map(({ from, count }) =>
        encode(tree, tf.slice(context, from, count)),
      );
      return {
        value: tf.concat(parts, 0),
        gradFunc: (dy, [whole, ...weights]) => {
          const ofContext: tf.Tensor[] = [];
          let ofWeights: tf.Tensor[] = [];
          let before: tf.Tensor = dy;
          for (const { from, count } of places) {
            const part = after(
              before,
              tf.slice(whole as tf.Tensor3D, from, count),
            );
            const [first, ...others] = withOwnTape(() =>
              tf.grads((...all: tf.Tensor[]) =>
                encode(treeWith(all.slice(1)), at(all, 0) as tf.Tensor3D),
              )([part, ...weights], tf.slice(dy, from, count)),
            );
            before = first as tf.Tensor;
            ofContext.push(before);
            ofWeights = others.map((own, at) => {
              const sum = ofWeights[at];
              return sum === undefined ? own : tf.add(sum, own);
            });
          }
          return [tf.concat(ofContext, 0), ...ofWeights];
        },
      };
    });
    return compute(context, ...named.map(([, weight]) => weight));
  };
}

/**
 * `x`, but not to be had before `earlier`: an engine that orders a graph's operations itself would else compute all
 * parts at once, or take those of the first pass, and keep all that was to be kept for a few nodules only.
 */
function after(earlier: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const one = tf.slice(tf.reshape(earlier, [-1]), 0, 1);
  // The least of a magnitude and 0 is 0.
  return tf.add(x, tf.minimum(tf.abs(one), 0));
}

/** tfjs forgets the tape of the gradient that it is at when another is taken meanwhile. */
function withOwnTape<T>(compute: () => T): T {
  const { state } = tf.engine();
  const tape = state.activeTape;
  try {
    return compute();
  } finally {
    state.activeTape = tape;
  }
}
