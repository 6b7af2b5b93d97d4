import { huWindow } from '@clip-lung/lidc';
import { at } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expect, it } from 'vitest';

import { windowedImages } from './windowed-images.js';

it('makes of every HU what a batch has, but for the rounding of float32', () => {
  const hu = Int16Array.from({ length: 2 ** 16 }, (_, i) => i - 2 ** 15);
  const images = windowedImages(tf.tensor1d(Float32Array.from(hu)));
  const expected = huWindow(hu);
  // float32 has 24 bits: the factor, the product and the batch's own value are each rounded once.
  const furthest = images
    .dataSync<'float32'>()
    .reduce(
      (most, value, i) => Math.max(most, Math.abs(value - at(expected, i))),
      0,
    );
  expect(furthest).toBeLessThan(3 * 2 ** -24);
});
