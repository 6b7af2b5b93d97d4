import * as tf from '@tensorflow/tfjs-core';

import { poolingWindows } from './volume-windows.js';
import { planar, type Windows } from './windows.js';

/*
 * Gradients of average pooling in place of tfjs's own. A mean is of those pixels of a window that lie inside the image, but
 * tfjs divides its gradient by the size of the whole window, at the borders too.
 */

interface Pooling {
  readonly filterSize: number;
  readonly strides: number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function gradientOfMeans(
  kernelName: string,
  gradient: string,
  windowsOf: (shape: number[], how: Pooling) => Windows,
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    gradFunc(dy, saved, attributes) {
      const [input] = saved as [tf.Tensor];
      const how = attributes as unknown as Pooling;
      const shares = sharesInside(windowsOf(input.shape, how));
      return {
        x: () =>
          tf.engine().runKernel<tf.Tensor>(
            gradient,
            {
              dy:
                shares === undefined
                  ? (dy as tf.Tensor)
                  : tf.mul(dy as tf.Tensor, shares),
              input,
            },
            attributes,
          ),
      };
    },
  };
}

/**
 * For every window, its elements over those that lie inside the image, [1, …places, 1]; undefined where all lie inside. It is
 * a product of one factor for each axis.
 */
function sharesInside({ axes }: Windows): tf.Tensor | undefined {
  if (axes.every(({ before, after }) => before + after === 0)) return undefined;
  return axes
    .map(({ places, stride, before, size, length }, axis) => {
      const factors = Array.from({ length: places }, (_, place) => {
        const start = place * stride - before;
        const inside = Math.min(start + size, length) - Math.max(start, 0);
        return size / Math.max(inside, 1);
      });
      const shape = [1, ...axes.map((_, i) => (i === axis ? places : 1)), 1];
      return tf.tensor(factors, shape);
    })
    .reduce((product, factors) => tf.mul(product, factors));
}

/** Of tf.avgPool. */
export const averagePoolingGradient = gradientOfMeans(
  'AvgPool',
  'AvgPoolGrad',
  (shape, { filterSize, strides, pad, dimRoundingMode }) =>
    planar(
      tf.backend_util.computePool2DInfo(
        shape as [number, number, number, number],
        filterSize,
        strides,
        1,
        pad,
        dimRoundingMode,
      ),
    ),
);

/** Of tf.avgPool3d. */
export const volumeAveragePoolingGradient = gradientOfMeans(
  'AvgPool3D',
  'AvgPool3DGrad',
  poolingWindows,
);
