import { RandomStream } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';

import type { defineLoss } from './plugin.js';

// Imported by its address: the examples are a project of their own, which is built upon this one.
const { default: supervisedContrastive } = (await import(
  new URL(
    '../../../examples/contrastive-loss/supervised-contrastive.ts',
    import.meta.url,
  ).href
)) as { readonly default: ReturnType<typeof defineLoss> };

beforeAll(() => tf.setBackend('cpu'));

const [count, groups, embedding, width] = [7, 2, 5, 4];
const temperature = 0.5;
const random = new RandomStream(3);
const draw = (length: number): number[] =>
  Array.from({ length }, () => random.normal());
const features = draw(count * groups * embedding);
const weight = draw(width * embedding);
const labels = [0, 1, 0, 2, 1, 0, 2];

/** Equation 2, written down with loops; the nodules of a patient are not compared with each other. */
function byLoops(patients: readonly number[]): number {
  const z = labels.map((_, i) => {
    const mean = Array.from({ length: embedding }, (_, d) => {
      let sum = 0;
      for (let t = 0; t < groups; t++) {
        sum += features[(i * groups + t) * embedding + d] as number;
      }
      return sum / groups;
    });
    const out = Array.from({ length: width }, (_, w) =>
      mean.reduce(
        (sum, value, d) => sum + value * (weight[w * embedding + d] as number),
        0,
      ),
    );
    const norm = Math.hypot(...out);
    return out.map((value) => value / norm);
  });
  const similarity = (i: number, j: number): number =>
    (z[i] as number[]).reduce(
      (sum, value, d) => sum + value * ((z[j] as number[])[d] as number),
      0,
    ) / temperature;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const others = labels
      .map((_, j) => j)
      .filter((j) => patients[j] !== patients[i]);
    const all = others.reduce((sum, j) => sum + Math.exp(similarity(i, j)), 0);
    const alike = others.filter((j) => labels[j] === labels[i]);
    let own = 0;
    for (const j of alike) own -= Math.log(Math.exp(similarity(i, j)) / all);
    if (alike.length > 0) total += own / alike.length;
  }
  return total / count;
}

describe('the example of a contrastive loss', () => {
  it.each([
    ['where each has a patient of its own', [0, 1, 2, 3, 4, 5, 6]],
    ['where nodules of a patient are not compared', [0, 1, 0, 3, 4, 5, 3]],
  ])('is the paper’s equation %s', (_, patients) => {
    const loss = supervisedContrastive.create({ width, temperature }, {});
    const found = loss.compute(
      {
        logits: tf.zeros([count, 3]),
        targets: tf.cast(
          tf.oneHot(tf.tensor1d(labels, 'int32'), 3) as tf.Tensor2D,
          'float32',
        ),
        groups: tf.tensor3d(features, [count, groups, embedding]),
        fields: { patient: tf.tensor1d(patients, 'int32') },
      },
      { projection: { weight: tf.tensor2d(weight, [width, embedding]) } },
    );
    expect(found.dataSync()[0]).toBeCloseTo(byLoops(patients), 5);
  });
});
