/** Samples along each side of a crop, as a model sees it; crops with a margin have more. */
export const cropSize = 32;

/** The side of a crop in diameters of its nodule. */
export const cropScale = 2;

/** The HU that are mapped to 0 and to 1. */
export interface HuWindow {
  readonly low: number;
  readonly high: number;
}

/** From air to soft tissue and most of what calcifies. */
export const lungWindow: HuWindow = { low: -1000, high: 400 };

/** How much one HU within a window adds to the value in 0..1: for what windows otherwise than number by number. */
export function perHu({ low, high }: HuWindow): number {
  return 1 / (high - low);
}

/**
 * HU clipped to a window and scaled to 0..1.
 *
 * @param zero what becomes 0, where that is not the window's low end: HU that were changed before are held against another
 */
export function windowed(
  hu: number,
  window: HuWindow,
  zero: number = window.low,
): number {
  const value = (hu - zero) * perHu(window);
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

/** The HU of a crop, of any shape, clipped to a window and scaled to 0..1. */
export function huWindow(
  hu: Int16Array,
  window: HuWindow = lungWindow,
): Float32Array {
  return Float32Array.from(hu, (value) => windowed(value, window));
}

/** HU of air, where attenuation is 0: what stands for all that lies outside of a volume. */
export const airHu = -1000;
