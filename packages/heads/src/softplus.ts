import * as tf from '@tensorflow/tfjs-core';

/** Beyond it, log(1 + eˣ) and x are the same float32. */
const large = 20;
/** Below it, log(1 + eˣ) and eˣ are the same float32. */
const small = -17;

/** log(1 + eˣ), to float32's relative precision on both sides, and with the gradient σ(x) everywhere. */
export function softplus<T extends tf.Tensor>(x: T): T {
  return tf.where(
    tf.greater(x, large),
    x,
    tf.log1p(tf.exp(tf.minimum(x, large))),
  );
}

/** log softplus(x). It is x where softplus(x) would vanish, so it and its gradient stay finite. */
export function logSoftplus<T extends tf.Tensor>(x: T): T {
  return tf.where(
    tf.less(x, small),
    x,
    tf.log(softplus(tf.maximum<T>(x, small))),
  );
}

/** log σ(x) = −softplus(−x): finite for every x. */
export function logSigmoid<T extends tf.Tensor>(x: T): T {
  return tf.neg(softplus(tf.neg(x)));
}
