import { airHu, type HuWindow, windowed } from '@clip-lung/lidc';
import { at, formatShape, ShapeError } from '@clip-lung/tensor';

import { type Orientation, type Triple, upright } from './orientation.js';

/** What becomes of HU before they are clipped to a window and scaled to 0..1, and of what comes of that. */
export interface Tone {
  /** factor of the attenuation, which is HU + 1000: air stays air */
  readonly gain: number;
  /** added, HU */
  readonly offset: number;
  /** exponent of the value in 0..1 */
  readonly gamma: number;
}

/** How an image is made of a stored crop: which voxels, in which order, and what becomes of their HU. */
export interface View {
  readonly orientation: Orientation;
  /** by how many voxels the image is taken away from the crop's middle, along the crop's axes */
  readonly shift: Triple<number>;
  readonly tone: Tone;
}

/** The middle of the crop, as it is: what is validated and tested. */
export const plainView: View = {
  orientation: upright,
  shift: [0, 0, 0],
  tone: { gain: 1, offset: 0, gamma: 1 },
};

/** The sizes of crops and images, and the HU that become 0 and 1. */
export interface ViewSizes {
  /** samples along each side of a stored crop: the image's and an equal margin on both sides */
  readonly stored: number;
  /** samples along each side of an image */
  readonly size: number;
  readonly window: HuWindow;
}

/**
 * Makes an image of a crop, going over its voxels once.
 *
 * @param crop HU, [stored, stored, stored]
 * @param into the image in 0..1, [size, size, size]
 * @throws `ShapeError` when the arrays are of another size, or the view leaves the crop
 */
export function viewCrop(
  crop: Int16Array,
  { orientation, shift, tone }: View,
  { stored, size, window }: ViewSizes,
  into: Float32Array,
): void {
  if (crop.length !== stored ** 3 || into.length !== size ** 3) {
    throw new ShapeError(
      `the crop has ${crop.length} voxels and the image ${into.length}, expected ${stored}³ and ${size}³`,
    );
  }
  const margin = (stored - size) / 2;
  if (
    !Number.isInteger(margin) ||
    shift.some((way) => !Number.isInteger(way) || Math.abs(way) > margin)
  ) {
    throw new ShapeError(
      `an image of ${size}³ cannot be taken from a crop of ${stored}³ at ${formatShape(shift)} voxels from its middle`,
    );
  }
  const strides = [stored * stored, stored, 1];
  let first = 0;
  const steps = orientation.source.map((axis, i) => {
    const stride = at(strides, axis, 'axes');
    const from = margin + at(shift, axis, 'axes');
    const reversed = at(orientation.reversed, i, 'axes');
    first += stride * (reversed ? from + size - 1 : from);
    return reversed ? -stride : stride;
  });
  const [stepZ, stepY, stepX] = [at(steps, 0), at(steps, 1), at(steps, 2)];
  const { lowest, values } = valuesOf(tone, window);
  const last = values.length - 1;
  let to = 0;
  for (let z = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      let from = first + z * stepZ + y * stepY;
      for (let x = 0; x < size; x++) {
        const hu = (crop[from] as number) - lowest;
        into[to] = values[hu < 0 ? 0 : hu > last ? last : hu] as number;
        from += stepX;
        to += 1;
      }
    }
  }
}

/**
 * What whole HU become, from the highest that becomes 0 to the lowest that becomes 1: a window has some 1,400 of them, and
 * an image twenty times as many voxels.
 */
function valuesOf(
  { gain, offset, gamma }: Tone,
  window: HuWindow,
): { readonly lowest: number; readonly values: Float32Array } {
  const { low, high } = window;
  // With a gain of 1 and no offset, exactly what the window alone gives.
  const zero = low - ((1 - gain) * airHu + offset);
  const lowest = Math.floor(zero / gain);
  const highest = Math.ceil((zero + high - low) / gain);
  const values = new Float32Array(highest - lowest + 1);
  for (let i = 0; i < values.length; i++) {
    values[i] = windowed((lowest + i) * gain, window, zero) ** gamma;
  }
  return { lowest, values };
}
