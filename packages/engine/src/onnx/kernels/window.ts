import type { backend_util } from '@tensorflow/tfjs-core';

/**
 * The padding that all windows of a convolution or a pooling need: that which the program asked for, and more below and
 * to the right where sizes were rounded up. ONNX's operators round down.
 *
 * @returns [top, left, bottom, right]
 */
export function coveringPads(
  g: backend_util.Conv2DInfo,
): [number, number, number, number] {
  const { top, left, bottom, right } = g.padInfo;
  const lastRow = (g.outHeight - 1) * g.strideHeight + g.effectiveFilterHeight;
  const lastColumn = (g.outWidth - 1) * g.strideWidth + g.effectiveFilterWidth;
  return [
    top,
    left,
    Math.max(bottom, lastRow - g.inHeight - top),
    Math.max(right, lastColumn - g.inWidth - left),
  ];
}

/** The rows and columns of a padded image behind the last window, which a transposed convolution has to add. */
export function behindWindows(g: backend_util.Conv2DInfo): [number, number] {
  const [top, left, bottom, right] = coveringPads(g);
  const lastRow = (g.outHeight - 1) * g.strideHeight + g.effectiveFilterHeight;
  const lastColumn = (g.outWidth - 1) * g.strideWidth + g.effectiveFilterWidth;
  return [
    g.inHeight + top + bottom - lastRow,
    g.inWidth + left + right - lastColumn,
  ];
}
