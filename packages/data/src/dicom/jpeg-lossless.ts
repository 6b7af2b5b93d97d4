import { HuffmanReader } from './huffman.js';
import { losslessScan } from './jpeg-lossless-scan.js';

type Refuse = (problem: string) => never;

/**
 * Decodes a lossless JPEG image of one component, of 2 to 16 bits, with any predictor (selection value) and point transform.
 *
 * @returns unsigned, [rows, columns], row-major
 * @see ITU-T T.81, Annex H; DICOM PS3.5 §A.4.2
 */
export function decodeJpegLossless(
  image: Uint8Array,
  refuse: Refuse,
): Uint16Array {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const scan = losslessScan(view, refuse);
  const { rows, columns, precision, pointTransform, restartRows } = scan;
  // Each pixel takes a bit at least: what a damaged file claims is not yet memory to take.
  if (rows * columns > 8 * (image.length - scan.start)) {
    refuse('is cut short: its JPEG image ends before its last pixel');
  }
  const reader = new HuffmanReader(view, scan.start, refuse);
  const pixels = new Uint16Array(rows * columns);
  // Rows are decoded into two of their own, from index 1 on.
  let above = new Int32Array(columns + 1);
  let row = new Int32Array(columns + 1);
  const predict = predictorOf(scan.predictor, refuse);
  for (let y = 0; y < rows; y++) {
    const restarts = restartRows > 0 && y > 0 && y % restartRows === 0;
    if (restarts) reader.restart(y / restartRows - 1);
    const isFirst = y === 0 || restarts;
    // The first row is predicted from the left, the first column from above, and what has neither from the middle of the range.
    let left = isFirst
      ? 2 ** (precision - pointTransform - 1)
      : Number(above[1]);
    let corner = 0;
    for (let x = 1; x <= columns; x++) {
      const up = Number(above[x]);
      const expected = isFirst || x === 1 ? left : predict(left, up, corner);
      const size = reader.symbol(scan.table);
      // 32768 alone has 16 bits, and needs none (T.81 §H.1.2.2).
      const difference = size === 16 ? 32768 : reader.difference(size);
      left = (expected + difference) & 0xffff;
      corner = up;
      row[x] = left;
      pixels[y * columns + x - 1] = left << pointTransform;
    }
    [above, row] = [row, above];
  }
  return pixels;
}

type Predictor = (left: number, up: number, corner: number) => number;

/** Table H.1: halves are rounded down, also those of negative numbers. */
const predictors: readonly Predictor[] = [
  (left) => left,
  (_, up) => up,
  (_, __, corner) => corner,
  (left, up, corner) => left + up - corner,
  (left, up, corner) => left + ((up - corner) >> 1),
  (left, up, corner) => up + ((left - corner) >> 1),
  (left, up) => (left + up) >> 1,
];

function predictorOf(value: number, refuse: Refuse): Predictor {
  const found = predictors[value - 1];
  if (found) return found;
  return refuse(
    `its JPEG image has the selection value ${value}, expected 1 to ${predictors.length}`,
  );
}
