import { type HuWindow, lungWindow } from '@clip-lung/lidc';

/**
 * Clips HU to a window and scales it to 0..1.
 *
 * @param hu of any shape
 * @param into where to write, as long as `hu`; a new array by default
 */
export function huWindow(
  hu: Int16Array,
  { low, high }: HuWindow = lungWindow,
  into: Float32Array = new Float32Array(hu.length),
): Float32Array {
  const scale = 1 / (high - low);
  for (let i = 0; i < hu.length; i++) {
    const value = ((hu[i] ?? low) - low) * scale;
    into[i] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
  return into;
}
