// tfjs-core's bundle for Node lacks the gradients of its kernels; tfjs-layers registers them as it loads.
import '@tensorflow/tfjs-layers';

import * as tf from '@tensorflow/tfjs-core';

import {
  castGradient,
  convolutionGradient,
  cumulativeSumGradient,
  questionGradients,
  volumeConvolutionGradient,
} from './own-gradients.js';
import {
  averagePoolingGradient,
  volumeAveragePoolingGradient,
} from './pooling-gradients.js';

for (const gradient of [
  averagePoolingGradient,
  castGradient,
  convolutionGradient,
  cumulativeSumGradient,
  volumeAveragePoolingGradient,
  volumeConvolutionGradient,
  ...questionGradients,
]) {
  const { kernelName } = gradient;
  const own = tf.getGradient(kernelName) as tf.GradConfig | undefined;
  if (own !== undefined) tf.unregisterGradient(kernelName);
  tf.registerGradient(gradient);
}
