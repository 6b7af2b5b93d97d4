import { defineOptimizer, z } from '@clip-lung/model';
import {
  filled,
  mapTree,
  type NdArray,
  type Tree,
  zipTrees,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

type Tensors = Tree<tf.Tensor>;
type Pairwise = (
  a: Tensors,
  b: Tensors,
  combine: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
) => Tensors;
const pairwise: Pairwise = zipTrees;

/**
 * Lion: steps of one size for all parameters, along the sign of an average of the gradients.
 *
 * @see Chen et al., Symbolic Discovery of Optimization Algorithms (arXiv 2302.06675), program 1
 */
export default defineOptimizer({
  name: 'lion',
  options: z.strictObject({
    /** of the average along whose sign the step goes */
    beta1: z.number().min(0).lt(1).default(0.9),
    /** of the average that is kept */
    beta2: z.number().min(0).lt(1).default(0.99),
    weightDecay: z.number().min(0).default(0),
  }),
  create({ beta1, beta2, weightDecay }) {
    const average = (beta: number) => (mean: tf.Tensor, gradient: tf.Tensor) =>
      tf.add(tf.mul(mean, beta), tf.mul(gradient, 1 - beta));
    return {
      // One array of the parameters' form: the average.
      init: (params: Tree<NdArray<'float32'>>) =>
        mapTree(params, ({ shape }: NdArray<'float32'>) => filled(shape)),
      update(params, gradients, state, learningRate) {
        const directions = pairwise(state, gradients, average(beta1));
        return {
          params: pairwise(params, directions, (param, direction) => {
            const step = tf.add(tf.sign(direction), tf.mul(param, weightDecay));
            return tf.sub(param, tf.mul(step, learningRate));
          }),
          state: pairwise(state, gradients, average(beta2)),
        };
      },
    };
  },
});
