// tfjs-core's bundle for Node lacks the gradients of its kernels; tfjs-layers registers them as it loads.
import '@tensorflow/tfjs-layers';

import * as tf from '@tensorflow/tfjs-core';

import {
  castGradient,
  convolutionGradient,
  cumulativeSumGradient,
  questionGradients,
} from './own-gradients.js';

for (const gradient of [
  castGradient,
  convolutionGradient,
  cumulativeSumGradient,
  ...questionGradients,
]) {
  if (hasGradient(gradient.kernelName)) {
    tf.unregisterGradient(gradient.kernelName);
  }
  tf.registerGradient(gradient);
}

function hasGradient(kernelName: string): boolean {
  const found: tf.GradConfig | undefined = tf.getGradient(kernelName);
  return found !== undefined;
}
