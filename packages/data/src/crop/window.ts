import { type HuWindow, lungWindow, windowed } from '@clip-lung/lidc';

/**
 * Clips HU to a window and scales it to 0..1.
 *
 * @param hu of any shape
 * @param into where to write, as long as `hu`; a new array by default
 */
export function huWindow(
  hu: Int16Array,
  window: HuWindow = lungWindow,
  into: Float32Array = new Float32Array(hu.length),
): Float32Array {
  for (const [i, value] of hu.entries()) into[i] = windowed(value, window);
  return into;
}
