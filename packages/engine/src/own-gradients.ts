import * as tf from '@tensorflow/tfjs-core';

/*
 * Gradients in place of tfjs's own, which refuses a dilated convolution, gives a cumulative sum along any axis but the
 * last a gradient that is transposed, lets one through a cast to integers, and has none for most questions.
 */

/** Rounded down to an integer, or asked whether it is 0, a number has a slope of 0; as a float it stays itself. */
export const castGradient: tf.GradConfig = {
  kernelName: 'Cast',
  gradFunc(dy, _, attributes) {
    const { dtype } = attributes as { readonly dtype?: tf.DataType };
    const slope = dy as tf.Tensor;
    return {
      x: () =>
        dtype === 'float32'
          ? tf.cast(slope, 'float32')
          : tf.zeros(slope.shape, 'float32'),
    };
  },
};

/**
 * The gradients of questions: their answers jump, and are flat elsewhere. Without one, `tf.where(tf.greater(x, 0), x, y)` would
 * have none in x.
 */
export const questionGradients: readonly tf.GradConfig[] = [
  tf.All,
  tf.Any,
  tf.Equal,
  tf.Greater,
  tf.GreaterEqual,
  tf.Less,
  tf.LessEqual,
  tf.LogicalAnd,
  tf.LogicalNot,
  tf.LogicalOr,
  tf.NotEqual,
].map((kernelName) => ({
  kernelName,
  saveAllInputs: false,
  inputsToSave: kernelInputs(kernelName),
  gradFunc: (_, saved) =>
    Object.fromEntries(
      kernelInputs(kernelName).map((name, i) => [
        name,
        () => tf.zeros(saved[i]?.shape ?? [], 'float32'),
      ]),
    ),
}));

/** What tfjs calls the operands of a question. */
function kernelInputs(kernelName: string): string[] {
  const single: readonly string[] = [tf.All, tf.Any, tf.LogicalNot];
  return single.includes(kernelName) ? ['x'] : ['a', 'b'];
}

interface CumulativeSum {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/** What a sum from the front hands on comes back as a sum from the rear. */
export const cumulativeSumGradient: tf.GradConfig = {
  kernelName: 'Cumsum',
  gradFunc(dy, _, attributes) {
    const { axis, exclusive, reverse } = attributes as unknown as CumulativeSum;
    return {
      x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse),
    };
  },
};

interface Convolution {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dilations: number | [number, number];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** A dilated convolution is one with a larger filter, which has zeros between its elements. */
export const convolutionGradient: tf.GradConfig = {
  kernelName: 'Conv2D',
  inputsToSave: ['x', 'filter'],
  gradFunc(dy, saved, attributes) {
    const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
    const { strides, pad, dataFormat, dilations, dimRoundingMode } =
      attributes as unknown as Convolution;
    const [down, across] =
      typeof dilations === 'number' ? [dilations, dilations] : dilations;
    const wide = spread(spread(filter, 0, down), 1, across);
    const form = {
      strides,
      pad,
      dataFormat,
      ...(dimRoundingMode === undefined ? {} : { dimRoundingMode }),
    };
    return {
      x: () =>
        tf
          .engine()
          .runKernel<tf.Tensor>(
            'Conv2DBackpropInput',
            { dy: dy as tf.Tensor, filter: wide },
            { ...form, inputShape: x.shape },
          ),
      filter: () => {
        const slope = tf
          .engine()
          .runKernel<tf.Tensor>(
            'Conv2DBackpropFilter',
            { x, dy: dy as tf.Tensor },
            { ...form, filterShape: wide.shape },
          );
        return down * across === 1
          ? slope
          : tf.stridedSlice(slope, [0, 0, 0, 0], slope.shape, [
              down,
              across,
              1,
              1,
            ]);
      },
    };
  },
};

/** Zeros between the elements along an axis, `step` − 1 of them. */
function spread(x: tf.Tensor4D, axis: 0 | 1, step: number): tf.Tensor4D {
  const [count] = x.shape.slice(axis);
  if (step === 1 || count === undefined || count === 1) return x;
  const zeros = tf.zeros<tf.Rank.R4>(
    x.shape.map((length, i) => (i === axis ? step - 1 : length)) as [
      number,
      number,
      number,
      number,
    ],
  );
  const elements = tf.split(x, count, axis);
  return tf.concat(
    elements.flatMap((element, i) => (i === 0 ? [element] : [zeros, element])),
    axis,
  ) as tf.Tensor4D;
}
