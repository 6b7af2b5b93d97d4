// tfjs-core's bundle for Node lacks the gradients of its kernels; tfjs-layers registers them as it loads.
import '@tensorflow/tfjs-layers';

import * as tf from '@tensorflow/tfjs-core';

import { convolutionGradient, cumulativeSumGradient } from './own-gradients.js';

for (const gradient of [convolutionGradient, cumulativeSumGradient]) {
  tf.unregisterGradient(gradient.kernelName);
  tf.registerGradient(gradient);
}
