import { defineLoss, z } from '@clip-lung/model';
import { fieldOf } from '@clip-lung/losses';
import {
  lookup,
  startAll,
  type Tree,
  treeOf,
  uniformWithin,
  type Weight,
} from '@clip-lung/tensor';
import { normalise } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';

const name = 'supervised-contrastive';
const path = 'projection.weight';

/** From D to the head's outputs. */
const projection = (width: number, embedding: number): readonly Weight[] => [
  { path, shape: [width, embedding], start: uniformWithin(embedding) },
];

/**
 * Supervised contrastive loss: what a projection head makes of a nodule should lie near that of others of its class, and far from
 * all the rest. It has parameters of its own, and an input of its own: nodules of the same patient look alike for other reasons,
 * and are not compared.
 *
 * Mean over i of −Σₚ wᵢₚ log softmaxₚ(zᵢ · zₚ / τ) / Σₚ wᵢₚ over nodules p of other patients, where wᵢₚ = tᵢ · tₚ, which for labels
 * is 1 for the same class; 0 for a nodule without any such p.
 *
 * @see Khosla et al., Supervised Contrastive Learning (arXiv 2004.11362), equation 2
 */
export default defineLoss({
  name,
  options: z.strictObject({
    /** outputs of the projection head */
    width: z.int().min(1).max(4096).default(64),
    /** τ */
    temperature: z.number().positive().max(1e3).default(0.1),
  }),
  create: ({ width, temperature }) => ({
    name,
    needs: [],
    fields: { patient: 'patient' },
    init: (random, { embedding }) =>
      treeOf(startAll(projection(width, embedding), random)),
    compute(inputs, params: Tree<tf.Tensor>) {
      const { groups, targets } = inputs;
      const weights = projection(width, groups.shape[2]);
      const weight = lookup(params, weights, `the loss "${name}"`)(path);
      const features = tf.mean<tf.Tensor2D>(groups, 1); // [B, D]
      const z = normalise(tf.matMul(features, weight, false, true)); // [B, width]
      const patient = fieldOf(inputs, name, 'patient'); // [B]
      const isOther = tf.cast(
        tf.notEqual(tf.expandDims(patient, 0), tf.expandDims(patient, 1)),
        'float32',
      ); // [B, B]
      const similar = tf.div(tf.matMul(z, z, false, true), temperature);
      // Of those that are not compared, nothing is left in the softmax.
      const logits = tf.add(similar, tf.mul(tf.sub(1, isOther), -1e9));
      const pairs = tf.mul(tf.matMul(targets, targets, false, true), isOther);
      const each = tf.sum(tf.mul(pairs, tf.logSoftmax(logits)), 1);
      const all = tf.maximum(tf.sum(pairs, 1), 1e-6);
      return tf.neg(tf.mean(tf.div(each, all)));
    },
  }),
});
