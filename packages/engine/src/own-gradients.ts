import { at } from '@clip-lung/tensor';
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
        () => tf.zeros(at(saved, i).shape, 'float32'),
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

/** Sizes along the axes of an image's places, or one for all of them. */
type Sizes = number | readonly number[];

interface Convolution {
  readonly strides: Sizes;
  readonly pad: 'valid' | 'same' | number;
  readonly dataFormat?: 'NHWC' | 'NCHW' | 'NDHWC';
  readonly dilations: Sizes;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** A dilated convolution is one with a larger filter, which has zeros between its elements. */
function gradientOfConvolution(
  kernelName: string,
  backprop: { readonly input: string; readonly filter: string },
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['x', 'filter'],
    gradFunc(dy, saved, attributes) {
      const [x, filter] = saved as [tf.Tensor, tf.Tensor];
      const { dilations, ...form } = attributes as unknown as Convolution;
      // […window, inputs, outputs]
      const axes = filter.shape.slice(0, -2).map((_, axis) => axis);
      const steps = axes.map((axis) =>
        typeof dilations === 'number' ? dilations : at(dilations, axis),
      );
      const wide = axes.reduce(
        (narrow, axis) => spread(narrow, axis, at(steps, axis)),
        filter,
      );
      const run = (
        name: string,
        inputs: tf.NamedTensorMap,
        shape: Record<string, number[]>,
      ): tf.Tensor =>
        tf.engine().runKernel<tf.Tensor>(name, inputs, {
          ...form,
          ...shape,
        });
      return {
        x: () =>
          run(
            backprop.input,
            { dy: dy as tf.Tensor, filter: wide },
            { inputShape: x.shape },
          ),
        filter: () => {
          const slope = run(
            backprop.filter,
            { x, dy: dy as tf.Tensor },
            { filterShape: wide.shape },
          );
          return steps.every((step) => step === 1)
            ? slope
            : tf.stridedSlice(
                slope,
                slope.shape.map(() => 0),
                slope.shape,
                [...steps, 1, 1],
              );
        },
      };
    },
  };
}

/** Of tf.conv2d. */
export const convolutionGradient = gradientOfConvolution('Conv2D', {
  input: 'Conv2DBackpropInput',
  filter: 'Conv2DBackpropFilter',
});

/** Of tf.conv3d. */
export const volumeConvolutionGradient = gradientOfConvolution('Conv3D', {
  input: 'Conv3DBackpropInputV2',
  filter: 'Conv3DBackpropFilterV2',
});

/** Zeros between the elements along an axis, `step` − 1 of them. */
function spread(x: tf.Tensor, axis: number, step: number): tf.Tensor {
  const count = x.shape[axis];
  if (step === 1 || count === undefined || count === 1) return x;
  const zeros = tf.zeros(
    x.shape.map((length, i) => (i === axis ? step - 1 : length)),
  );
  const elements = tf.split(x, count, axis);
  return tf.concat(
    elements.flatMap((element, i) => (i === 0 ? [element] : [zeros, element])),
    axis,
  );
}
