import { at } from '@clip-lung/tensor';
import { inputOf, type KernelArguments } from '../kernel-adapter.js';

/** How a window moves over images, along each axis: rows and columns, and before them the slices of a volume. */
export interface Window {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** How images are padded so that a `valid` window gives what an explicitly padded one is to give. */
export interface Padding {
  /** [before, after] of every axis */
  readonly amounts: readonly (readonly [number, number])[];
  readonly padded: readonly number[];
}

/** @param filter its shape, […window, inputs, outputs] */
export function windowOf(
  { attrs }: KernelArguments,
  filter: readonly number[],
): Window {
  const size = filter.slice(0, -2);
  return {
    size,
    strides: each(attrs['strides'], size.length),
    dilations: each(attrs['dilations'], size.length),
  };
}

/** Of a pooling, or of its gradient. */
export function poolOf(given: KernelArguments): Window {
  const { attrs, inputs } = given;
  const images = inputs['x'] ?? inputOf(given, 'input');
  const axes = images.shape.length - 2;
  return {
    size: each(attrs['filterSize'], axes),
    strides: each(attrs['strides'], axes),
    dilations: each(1, axes),
  };
}

/** An attribute for each of so many axes: a list, or one number for all; 1 where it is left out. */
function each(value: unknown, axes: number): readonly number[] {
  if (Array.isArray(value)) return value.map(Number);
  return new Array<number>(axes).fill(typeof value === 'number' ? value : 1);
}

/** @param shape of the images, [B, …places, C] */
export function paddingOf(
  { attrs }: KernelArguments,
  shape: readonly number[],
  { size, strides, dilations }: Window,
): Padding {
  const firstAxis = attrs['dataFormat'] === 'NCHW' ? 2 : 1;
  const round = attrs['dimRoundingMode'] === 'ceil' ? Math.ceil : Math.floor;
  const amounts = shape.map((length, axis): readonly [number, number] => {
    const i = axis - firstAxis;
    const [elements, stride, dilation] = [size[i], strides[i], dilations[i]];
    if (
      elements === undefined ||
      stride === undefined ||
      dilation === undefined
    ) {
      return [0, 0];
    }
    const reach = dilation * (elements - 1) + 1;
    const [before, after] =
      attrs['pad'] === 'same'
        ? samePadding(length, stride, reach)
        : givenPadding(attrs['pad'], axis);
    const steps = round((length + before + after - reach) / stride);
    // Rounded up, the last window lies outside in part; rounded down, what it does not reach is not needed.
    const needed = steps * stride + reach;
    return [before, Math.max(needed - length - before, 0)];
  });
  const padded = amounts.map(
    ([before, after], axis) => before + at(shape, axis) + after,
  );
  return { amounts, padded };
}

/** A padding is one number for all sides, or [before, after] for each axis. */
function givenPadding(pad: unknown, axis: number): readonly [number, number] {
  if (typeof pad === 'number') return [pad, pad];
  return at(pad as readonly (readonly [number, number])[], axis);
}

/** As many steps as the stride allows, and margins of equal size, the one after larger by one where they cannot be. */
function samePadding(
  length: number,
  stride: number,
  reach: number,
): readonly [number, number] {
  const steps = Math.ceil(length / stride);
  const total = Math.max((steps - 1) * stride + reach - length, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
