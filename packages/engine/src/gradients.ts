// tfjs-core's bundle for Node lacks the gradients of its kernels; tfjs-layers registers them as it loads.
import '@tensorflow/tfjs-layers';
