import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';

import { sizeOf } from '@clip-lung/tensor';

import { exactly } from '../../exactly.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import { attributes, input, type Kernel, type KernelTable } from './kernel.js';
import { paddingKernels } from './padding.js';
import { reshaped, transposed } from './shape.js';
import { sliceKernels } from './slice.js';

/** Splits axes, moves the parts, and merges them again. */
function regrouped(
  backend: TraceBackend,
  x: TensorInfo,
  split: readonly number[],
  perm: readonly number[],
  merged: readonly number[],
): TensorInfo {
  const moved = transposed(backend, reshaped(backend, x, split), perm);
  return reshaped(backend, moved, merged);
}

const batchToSpace: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const { blockShape, crops } = attributes(call) as {
    blockShape: number[];
    crops: number[][];
  };
  const blocks = sizeOf(blockShape);
  const split = backend_util.getReshaped(x.shape, blockShape, blocks);
  const merged = backend_util.getReshapedPermuted(x.shape, blockShape, blocks);
  const whole = regrouped(
    backend,
    x,
    split,
    backend_util.getPermuted(split.length, blockShape.length),
    merged,
  );
  const attrs = {
    begin: backend_util.getSliceBeginCoords(crops, blockShape.length),
    size: backend_util.getSliceSize(merged, crops, blockShape.length),
  };
  return sliceKernels.Slice({ backend, inputs: { x: whole }, attrs });
};

const spaceToBatch: Kernel = (call) => {
  const { backend } = call;
  const x = input(call, 'x');
  const { blockShape, paddings } = attributes(call) as {
    blockShape: number[];
    paddings: [number, number][];
  };
  // The batch has none, and neither have the axes behind the blocks.
  const around = [
    [0, 0],
    ...paddings,
    ...x.shape.slice(1 + paddings.length).map(() => [0, 0]),
  ];
  const padded = paddingKernels.PadV2({
    backend,
    inputs: { x },
    attrs: { paddings: around, constantValue: 0 },
  }) as TensorInfo;
  const blocks = sizeOf(blockShape);
  const split = backend_util.getReshaped(
    padded.shape,
    blockShape,
    blocks,
    false,
  );
  return regrouped(
    backend,
    padded,
    split,
    backend_util.getPermuted(split.length, blockShape.length, false),
    backend_util.getReshapedPermuted(padded.shape, blockShape, blocks, false),
  );
};

const depthToSpace: Kernel = (call) => {
  const x = input(call, 'x');
  const { blockSize: block } = attributes(call) as { blockSize: number };
  const [batch, height, width, channels] = exactly(x.shape, 4);
  const depth = channels / (block * block);
  return regrouped(
    call.backend,
    x,
    [batch, height, width, block, block, depth],
    [0, 1, 3, 2, 4, 5],
    [batch, height * block, width * block, depth],
  );
};

export const blockKernels: KernelTable = {
  BatchToSpaceND: batchToSpace,
  DepthToSpace: depthToSpace,
  SpaceToBatchND: spaceToBatch,
};
