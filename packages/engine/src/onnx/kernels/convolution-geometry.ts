import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';

import { TraceError } from '../../errors.js';
import {
  convolutionWindows,
  type VolumeConvolution,
} from '../../volume-windows.js';
import { planar, type Windows } from '../../windows.js';
import type { GraphValue } from '../graph/graph.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { attributes, type KernelCall } from './kernel.js';
import {
  stridedFilterGradient,
  stridedFits,
  stridedForward,
  stridedInputGradient,
} from './strided.js';
import {
  winogradFilterGradient,
  winogradFits,
  winogradForward,
  winogradInputGradient,
} from './winograd.js';

type Part = (
  backend: TraceBackend,
  first: TensorInfo,
  second: TensorInfo,
) => GraphValue;

/** A way to compute a convolution and its gradients that is faster where it fits. */
interface FastForm {
  /** of x and the filter, stored `imagesPlacesFirst` */
  readonly forward: Part;
  /** of dy and the filter, stored `imagesPlacesFirst` */
  readonly inputGradient: Part;
  /** of x and dy, stored `filtersOutputsFirst` */
  readonly filterGradient: Part;
}

/** Where the windows of a convolution lie, and the fast form that fits them. */
export interface ConvolutionGeometry {
  readonly windows: Windows;
  readonly fast: FastForm | undefined;
}

export type GeometryOf = (
  call: KernelCall,
  imageShape: readonly number[],
  filterShape: readonly number[],
) => ConvolutionGeometry;

type Sizes = number | [number, number];

interface PlanarAttributes {
  readonly strides: Sizes;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dilations?: Sizes;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4 = [number, number, number, number];

/** Of images [B, H, W, C]. @throws `TraceError` for images that are stored channels first */
export const planarConvolution: GeometryOf = (
  call,
  imageShape,
  filterShape,
) => {
  const {
    strides,
    pad,
    dataFormat,
    dilations = 1,
    dimRoundingMode,
  } = attributes(call) as PlanarAttributes;
  if (dataFormat !== 'NHWC') {
    throw new TraceError(
      `tf.conv2d with dataFormat ${dataFormat} is not traced, only NHWC; transposing costs nothing here`,
    );
  }
  const g = backend_util.computeConv2DInfo(
    imageShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  const windows = planar(g);
  return { windows, fast: winogradForm(g) ?? stridedForm(windows) };
};

/** Of volumes [B, D, H, W, C]: tf.conv3d takes no others. */
export const volumetricConvolution: GeometryOf = (
  call,
  imageShape,
  filterShape,
) => {
  const windows = convolutionWindows(
    imageShape,
    filterShape,
    attributes(call) as VolumeConvolution,
  );
  return { windows, fast: stridedForm(windows) };
};

function winogradForm(g: backend_util.Conv2DInfo): FastForm | undefined {
  if (!winogradFits(g)) return undefined;
  return {
    forward: (backend, x, filter) => winogradForward(backend, x, filter, g),
    inputGradient: (backend, dy, filter) =>
      winogradInputGradient(backend, dy, filter, g),
    filterGradient: (backend, x, dy) =>
      winogradFilterGradient(backend, x, dy, g),
  };
}

function stridedForm(w: Windows): FastForm | undefined {
  if (!stridedFits(w)) return undefined;
  return {
    forward: (backend, x, filter) => stridedForward(backend, x, filter, w),
    inputGradient: (backend, dy, filter) =>
      stridedInputGradient(backend, dy, filter, w),
    filterGradient: (backend, x, dy) =>
      stridedFilterGradient(backend, x, dy, w),
  };
}
