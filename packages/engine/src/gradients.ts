// tfjs-core's bundle for Node lacks the gradients of its kernels; tfjs-layers registers them as it loads.
import '@tensorflow/tfjs-layers';

import * as tf from '@tensorflow/tfjs-core';

import {
  convolutionGradient,
  cumulativeSumGradient,
  volumeConvolutionGradient,
} from './own-gradients.js';
import {
  averagePoolingGradient,
  volumeAveragePoolingGradient,
} from './pooling-gradients.js';

for (const gradient of [
  averagePoolingGradient,
  convolutionGradient,
  cumulativeSumGradient,
  volumeAveragePoolingGradient,
  volumeConvolutionGradient,
]) {
  tf.unregisterGradient(gradient.kernelName);
  tf.registerGradient(gradient);
}
