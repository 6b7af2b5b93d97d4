import { formatShape, ShapeError } from '@clip-lung/tensor';
import { backend_util } from '@tensorflow/tfjs-core';

import { planeAxes, reach, type Windows, windowsOver } from './windows.js';

type Sizes = number | [number, number, number];
type Shape5 = [number, number, number, number, number];

/** The attributes of tf.conv3d's kernels; its gradients' have no dilations. */
export interface VolumeConvolution {
  readonly strides: Sizes;
  readonly pad: 'valid' | 'same' | number;
  readonly dilations?: Sizes;
}

/** The attributes of the kernels of tf.maxPool3d and tf.avgPool3d. */
export interface VolumePooling {
  readonly filterSize: Sizes;
  readonly strides: Sizes;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * The windows of a convolution over volumes.
 *
 * @param shape [B, D, H, W, I]
 * @param filter [D, H, W, I, O]
 * @throws `ShapeError` where a window is larger than its volume
 */
export function convolutionWindows(
  shape: readonly number[],
  filter: readonly number[],
  { strides, pad, dilations = 1 }: VolumeConvolution,
): Windows {
  return volumetric(
    backend_util.computeConv3DInfo(
      shape as Shape5,
      filter as Shape5,
      strides,
      dilations,
      // Its type does not say that it takes a number.
      pad,
    ),
  );
}

/**
 * The windows of pooling over volumes.
 *
 * @param shape [B, D, H, W, C]
 * @throws `ShapeError` where a window is larger than its volume
 */
export function poolingWindows(
  shape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: VolumePooling,
): Windows {
  return volumetric(
    backend_util.computePool3DInfo(
      shape as Shape5,
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    ),
  );
}

function volumetric(g: backend_util.Conv3DInfo): Windows {
  const { front, back } = g.padInfo;
  const depth = {
    length: g.inDepth,
    places: g.outDepth,
    size: g.filterDepth,
    stride: g.strideDepth,
    dilation: g.dilationDepth,
    before: front,
    after: back,
  };
  const found = windowsOver(g, [depth, ...planeAxes(g)]);
  expectFit(found);
  return found;
}

/** A window that does not fit has no place at all: tfjs gives an empty tensor for it. */
function expectFit({ axes }: Windows): void {
  if (axes.every(({ places }) => places > 0)) return;
  const volume = formatShape(axes.map(({ length }) => length));
  const window = formatShape(axes.map(reach));
  const pads = formatShape(axes.map(({ before }) => before));
  throw new ShapeError(
    `a window of ${window} does not fit into a volume of ${volume} with ${pads} zeros around it; pad more, or take a smaller window`,
  );
}
