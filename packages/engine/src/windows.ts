import type { backend_util } from '@tensorflow/tfjs-core';

/** How the windows of a convolution or a pooling lie along one axis of an image. */
export interface WindowAxis {
  /** pixels of the image */
  readonly length: number;
  /** windows, and elements of the output */
  readonly places: number;
  /** elements of a window */
  readonly size: number;
  /** pixels from one window to the next */
  readonly stride: number;
  /** pixels from one element of a window to the next */
  readonly dilation: number;
  /**
   * zeros that the windows need before the image, and after it: those that the program asked for, and more after it where
   * sizes were rounded up. ONNX's operators round down.
   */
  readonly before: number;
  readonly after: number;
}

/** Windows over images with any number of axes, [B, …places, C]. */
export interface Windows {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly axes: readonly WindowAxis[];
}

/** Windows over images, [B, H, W, C]. */
export function planar(g: backend_util.Conv2DInfo): Windows {
  return windowsOver(g, planeAxes(g));
}

/** The axes of height and of width, which images and volumes have alike. */
export function planeAxes(
  g: backend_util.Conv2DInfo | backend_util.Conv3DInfo,
): readonly [height: WindowAxis, width: WindowAxis] {
  const { top, bottom, left, right } = g.padInfo;
  return [
    {
      length: g.inHeight,
      places: g.outHeight,
      size: g.filterHeight,
      stride: g.strideHeight,
      dilation: g.dilationHeight,
      before: top,
      after: bottom,
    },
    {
      length: g.inWidth,
      places: g.outWidth,
      size: g.filterWidth,
      stride: g.strideWidth,
      dilation: g.dilationWidth,
      before: left,
      after: right,
    },
  ];
}

/** @param axes with the padding that the program asked for */
export function windowsOver(
  {
    batchSize,
    inChannels,
    outChannels,
  }: Pick<backend_util.Conv2DInfo, 'batchSize' | 'inChannels' | 'outChannels'>,
  axes: readonly WindowAxis[],
): Windows {
  return {
    batch: batchSize,
    inputs: inChannels,
    outputs: outChannels,
    axes: axes.map((axis) => {
      // tfjs lets `same` begin behind the first pixel where strides are longer than windows in volumes; there is no need.
      const before = Math.max(axis.before, 0);
      const needed = endOfWindows({ ...axis, before });
      return {
        ...axis,
        before,
        after: Math.max(axis.after, 0, needed - axis.length),
      };
    }),
  };
}

/** From the first to the last pixel of a window. */
export function reach({ size, dilation }: WindowAxis): number {
  return (size - 1) * dilation + 1;
}

/** Where the last window ends. */
export function endOfWindows(axis: WindowAxis): number {
  return (axis.places - 1) * axis.stride + reach(axis) - axis.before;
}
