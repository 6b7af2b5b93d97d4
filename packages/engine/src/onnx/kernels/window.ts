import { endOfWindows, type Windows } from '../../windows.js';
import type { Attributes } from '../graph/graph.js';

/** The pixels and zeros behind the last window, which a transposed convolution has to add. */
export function behindWindows({ axes }: Windows): number[] {
  return axes.map((axis) => axis.length + axis.after - endOfWindows(axis));
}

/** As ONNX has them: those before each axis, then those after. */
export function padsOf({ axes }: Windows): number[] {
  return [
    ...axes.map(({ before }) => before),
    ...axes.map(({ after }) => after),
  ];
}

/** What the nodes of ONNX's pooling ask for; those of its convolutions take `dilations` as well. */
export function windowAttributes(w: Windows): Attributes {
  return {
    kernel_shape: w.axes.map(({ size }) => size),
    pads: padsOf(w),
    strides: w.axes.map(({ stride }) => stride),
  };
}

/** The shape of the images, stored as [B, C, …places]. */
export function inputShape({ batch, inputs, axes }: Windows): number[] {
  return [batch, inputs, ...axes.map(({ length }) => length)];
}

/** The shape of the output, stored as [B, C, …places]. */
export function outputShape({ batch, outputs, axes }: Windows): number[] {
  return [batch, outputs, ...axes.map(({ places }) => places)];
}

/** The places of a window's elements in it, one index for each axis, the last axis running fastest. */
export function elementsOf({ axes }: Windows): (readonly number[])[] {
  return axes.reduce<number[][]>(
    (before, { size }) =>
      before.flatMap((indices) =>
        Array.from({ length: size }, (_, i) => [...indices, i]),
      ),
    [[]],
  );
}
