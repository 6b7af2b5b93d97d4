import * as tf from '@tensorflow/tfjs-core';

/** Below it, log(1 + eˣ) and eˣ are the same float32. */
const small = -17;

/** log(1 + eˣ) as max(x, 0) + log(1 + e^−|x|): exact to rounding on both sides, and no exponential overflows. */
export function softplus<T extends tf.Tensor>(x: T): T {
  return tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x)))));
}

/** log softplus(x), which is x where softplus(x) would vanish: it and its gradient are finite for every x. */
export function logSoftplus<T extends tf.Tensor>(x: T): T {
  return tf.add(
    tf.log(softplus(tf.maximum<T>(x, small))),
    tf.minimum(tf.sub(x, small), 0),
  );
}

/** log σ(x) = −softplus(−x): finite for every x. */
export function logSigmoid<T extends tf.Tensor>(x: T): T {
  return tf.neg(softplus(tf.neg(x)));
}
