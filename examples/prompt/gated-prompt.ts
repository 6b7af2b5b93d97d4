import { definePrompt, z } from '@clip-lung/model';
import {
  lookup,
  startAll,
  treeOf,
  uniformWithin,
  type Weight,
  zeros,
} from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Contexts of words that let the image in little by little: context'ₜ = contextₜ + tanh(gateₜ) · Linear(fₜ), with gates that
 * start at 0, so that training begins with the words alone.
 */
export default definePrompt({
  name: 'gated',
  options: z.strictObject({
    /** what the gates are multiplied by at most */
    strength: z.number().positive().default(1),
  }),
  // The template and what else all learners have in common are options, too, and need not be declared.
  create({ strength }, { initial, embedding }) {
    const [groups = 0, width = 0] = initial.shape; // [T, W]: embeddings of the template's first T tokens
    const weights: readonly Weight[] = [
      { path: 'ctx', shape: initial.shape, start: () => initial },
      { path: 'gate', shape: [groups, 1], start: zeros },
      {
        path: 'fc.weight',
        shape: [width, embedding],
        start: uniformWithin(embedding),
      },
    ];
    return {
      name: 'gated',
      conditional: true,
      init: (random) => treeOf(startAll(weights, random)),
      context(params, features) {
        const weight = lookup(params, weights, 'the gated prompt');
        const [batch] = features.shape; // [B, T, D]
        const flat = tf.reshape(features, [batch * groups, embedding]);
        const seen = tf.matMul(flat, weight('fc.weight'), false, true);
        const gate = tf.mul(tf.tanh(weight('gate')), strength);
        return tf.add(
          weight('ctx'),
          tf.mul(gate, tf.reshape(seen, [batch, groups, width])),
        ); // [B, T, W]
      },
    };
  },
});
