import * as tf from '@tensorflow/tfjs-core';

import { logSigmoid } from './softplus.js';

/**
 * Which split nodes lead to each leaf of a full binary tree, and on which side. Nodes are numbered in level order: the
 * children of node n are 2n + 1 and 2n + 2; the leaves are what follows the last node, from the left.
 *
 * @returns two arrays of 0 and 1, [nodes][leaves]: 1 where the path to the leaf leaves the node to the left (to the right)
 */
function paths(depth: number): { left: number[][]; right: number[][] } {
  const leaves = 2 ** depth;
  const nodes = leaves - 1;
  const empty = (): number[][] =>
    Array.from({ length: nodes }, () => Array<number>(leaves).fill(0));
  const [left, right] = [empty(), empty()];
  for (let leaf = 0; leaf < leaves; leaf++) {
    for (let child = nodes + leaf; child > 0; ) {
      const parent = (child - 1) >> 1;
      const side = child === 2 * parent + 1 ? left : right;
      (side[parent] as number[])[leaf] = 1;
      child = parent;
    }
  }
  return { left, right };
}

/**
 * The logarithm of the probability with which every leaf of every tree is reached: the product of its path's splits, where
 * node n of a tree sends σ(its output) to the left.
 *
 * @param outputs of the network, [B, U]
 * @param choice  the output that each split node reads, [trees][2^depth − 1]
 * @param depth   of every tree
 * @returns [B, trees, 2^depth]; the exponentials over the last axis add up to 1
 */
export function logRouting(
  outputs: tf.Tensor2D,
  choice: readonly (readonly number[])[],
  depth: number,
): tf.Tensor3D {
  const [batch] = outputs.shape;
  const trees = choice.length;
  const leaves = 2 ** depth;
  const splits = tf.reshape(
    tf.gather(outputs, tf.tensor1d(choice.flat(), 'int32'), 1),
    [batch * trees, leaves - 1],
  );
  const { left, right } = paths(depth);
  const log = tf.add(
    tf.matMul(logSigmoid(splits), tf.tensor2d(left)),
    tf.matMul(logSigmoid(tf.neg(splits)), tf.tensor2d(right)),
  );
  return tf.reshape(log, [batch, trees, leaves]);
}

/**
 * The logarithm of the forest's distribution: the mean over its trees of their leaves' distributions, weighed by how
 * probable it is to reach them.
 *
 * @param routing from {@link logRouting}, [B, trees, leaves]
 * @param leaves  logits of the leaves' distributions, [trees, leaves, K]
 * @returns [B, K]; the exponentials of each row add up to 1
 */
export function logForest(
  routing: tf.Tensor3D,
  leaves: tf.Tensor3D,
): tf.Tensor2D {
  const [trees, count, classes] = leaves.shape;
  const [batch] = routing.shape;
  const mixture = tf.add<tf.Tensor3D>(
    tf.reshape(routing, [batch, trees * count, 1]),
    tf.reshape(tf.logSoftmax(leaves), [1, trees * count, classes]),
  );
  return tf.sub(tf.logSumExp<tf.Tensor2D>(mixture, 1), Math.log(trees));
}
