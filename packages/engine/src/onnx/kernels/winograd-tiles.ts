import { at } from '@clip-lung/tensor';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';

import { exactly } from '../../exactly.js';
import type { GraphValue } from '../graph/graph.js';
import { arrange } from '../symbols/arrange.js';
import { imagesPlacesFirst, type Order } from '../symbols/layout.js';
import type { TraceBackend } from '../symbols/trace-backend.js';
import {
  fourOutputs,
  twoOutputs,
  type WinogradMatrices,
} from './winograd-matrices.js';

/*
 * The transforms of Winograd's F(m×m, 3×3) between images and tiles. They are linear along each axis of an image, so with
 * images stored as [H, W, B, C] they are products with small constant matrices.
 *
 * Tiles are [tile rows, n, n, tile columns · B, C]: the n×n points of the tiles, and for each of them a matrix that the
 * products over the channels take as it is. Where an image has few tiles, their rows and columns are put together,
 * [1, n·n, 1, tiles · B, C], and both axes are transformed at once: the products want enough rows.
 *
 * Tiles of the output lie side by side, so each is transformed by itself. Those of the input overlap: there, one matrix
 * transforms a whole axis, zeros and all, which costs less than copying the tiles apart.
 */

type Geometry = Pick<
  backend_util.Conv2DInfo,
  'batchSize' | 'inHeight' | 'inWidth'
>;

/** Images [B, H, W, C] stored as [H, W, B, C]. */
const imagesAsHwbc: Order = imagesPlacesFirst(2);

/** Images of at most so many pixels are transformed along both axes at once. */
const fewPixels = 16;

function isSmall({ inHeight, inWidth }: Geometry): boolean {
  return inHeight * inWidth <= fewPixels;
}

/** With fewer rows of a point's matrix, the transforms cost more than the products save. */
const fewestRows = 32;

/** Whether tiles fill the images, and give products enough to do. */
export function tilesFit(g: Geometry): boolean {
  return fits(matricesFor(g), g);
}

/** The larger tiles, where they fit. */
export function matricesFor(g: Geometry): WinogradMatrices {
  return fits(fourOutputs, g) ? fourOutputs : twoOutputs;
}

function fits(matrices: WinogradMatrices, g: Geometry): boolean {
  return (
    g.inHeight % matrices.outputs === 0 &&
    g.inWidth % matrices.outputs === 0 &&
    rowsOf(matrices, g) >= fewestRows
  );
}

/** Rows of each point's matrix. */
function rowsOf({ outputs }: WinogradMatrices, g: Geometry): number {
  const [down, across] = [g.inHeight / outputs, g.inWidth / outputs];
  return (isSmall(g) ? down * across : across) * g.batchSize;
}

/** The form of a geometry's tiles: what goes before the two axes of each point's matrix, and that matrix's rows. */
export function tileForm(g: Geometry): {
  readonly points: readonly [number, number, number];
  /** of the transformed filters, which all tiles of a point share */
  readonly filterPoints: readonly [number, number, number];
  readonly rows: number;
} {
  const matrices = matricesFor(g);
  const { outputs, points } = matrices;
  const rows = rowsOf(matrices, g);
  if (isSmall(g)) {
    const all = [1, points * points, 1] as const;
    return { points: all, filterPoints: all, rows };
  }
  return {
    points: [g.inHeight / outputs, points, points],
    filterPoints: [1, points, points],
    rows,
  };
}

/** Which of the two transforms, or the adjoint of the other. */
export type Transform = 'input' | 'output';

/** Bᵀ·x·B of every n×n tile of x (`input`), or A·x·Aᵀ of every m×m tile, the adjoint of the output's transform. */
export function toTiles(
  backend: TraceBackend,
  transform: Transform,
  images: TensorInfo,
  g: Geometry,
): GraphValue {
  const channels = at(images.shape, 3);
  const { points, rows } = tileForm(g);
  const stored = arrange(backend, images, imagesAsHwbc);
  return backend.graph.reshape(
    spread(backend, transform, 'tiles', stored, g, channels),
    [...points, rows, channels],
  );
}

/** Aᵀ·m·A of every tile (`output`), or B·m·Bᵀ put together, the adjoint of the input's transform: stored [H, W, B, C]. */
export function toImages(
  backend: TraceBackend,
  transform: Transform,
  tiles: GraphValue,
  g: Geometry,
): GraphValue {
  const channels = at(tiles.shape, tiles.shape.length - 1);
  return backend.graph.reshape(
    spread(backend, transform, 'images', tiles, g, channels),
    [g.inHeight, g.inWidth, g.batchSize, channels],
  );
}

type Side = 'tiles' | 'images';

/** Transforms both axes of an image, or of its tiles. */
function spread(
  backend: TraceBackend,
  transform: Transform,
  to: Side,
  value: GraphValue,
  g: Geometry,
  channels: number,
): GraphValue {
  const inner = g.batchSize * channels;
  if (isSmall(g)) return atOnce(backend, transform, to, value, g, inner);
  return transform === 'output'
    ? tileByTile(backend, to, value, g, inner)
    : axisByAxis(backend, to, value, g, inner);
}

/** Both axes with one matrix. */
function atOnce(
  backend: TraceBackend,
  transform: Transform,
  to: Side,
  value: GraphValue,
  g: Geometry,
  inner: number,
): GraphValue {
  const matrices = matricesFor(g);
  const { inHeight: height, inWidth: width } = g;
  const down = axisMatrix(matrices, transform, height, 'point-tile');
  const across = axisMatrix(matrices, transform, width, 'point-tile');
  const matrix = towards(
    backend,
    to,
    constantMatrix(
      backend,
      `both ${transform} ${matrices.points} ${height}×${width}`,
      [down.rows * across.rows, height * width],
      (put) => {
        for (const [r, c, a] of down.values) {
          for (const [s, d, b] of across.values) {
            put(pointIndex(down, r, across, s), c * width + d, a * b);
          }
        }
      },
    ),
  );
  return gemm(backend, matrix, value, inner);
}

/** Every tile of the output by itself: Aᵀ along both axes, or A. */
function tileByTile(
  backend: TraceBackend,
  to: Side,
  value: GraphValue,
  g: Geometry,
  inner: number,
): GraphValue {
  const { graph } = backend;
  const { output, outputs, points } = matricesFor(g);
  const { inHeight: height, inWidth: width } = g;
  const [down, across] = [height / outputs, width / outputs];
  const matrix = towards(
    backend,
    to,
    constantMatrix(backend, `tile ${points}`, [points, outputs], (put) => {
      output.forEach((row, i) => {
        row.forEach((a, j) => {
          put(j, i, a);
        });
      });
    }),
  );
  const [after, before] = exactly(matrix.shape, 2);
  const along = (count: number, given: GraphValue, rest: number): GraphValue =>
    graph.node(
      'MatMul',
      [matrix, graph.reshape(given, [count, before, rest])],
      'float32',
      [count, after, rest],
    );
  /** [H, a, b, inner] to [H, b, a, inner]: pixels of a row by their places in the tiles, or tile by tile. */
  const swapped = (given: GraphValue, a: number, b: number): GraphValue =>
    a === 1 || b === 1
      ? given
      : graph.node(
          'Transpose',
          [graph.reshape(given, [height, a, b, inner])],
          'float32',
          [height, b, a, inner],
          { perm: [0, 2, 1, 3] },
        );
  // Whole rows of pixels are moved, and on the smaller side.
  if (to === 'tiles') {
    const places = swapped(value, across, outputs);
    const wide = along(height, places, across * inner);
    return along(down, wide, points * across * inner);
  }
  const low = along(down, value, points * across * inner);
  const places = along(height, low, across * inner);
  return swapped(places, outputs, across);
}

/** The tiles of the input, one axis after the other: Bᵀ along both axes, or B. */
function axisByAxis(
  backend: TraceBackend,
  to: Side,
  value: GraphValue,
  g: Geometry,
  inner: number,
): GraphValue {
  const { graph } = backend;
  const matrices = matricesFor(g);
  const matrix = (size: number, order: PointOrder): GraphValue => {
    const { rows, values } = axisMatrix(matrices, 'input', size, order);
    return towards(
      backend,
      to,
      constantMatrix(
        backend,
        `axis ${matrices.points} ${size} ${order}`,
        [rows, size],
        (put) => {
          for (const [row, column, b] of values) put(row, column, b);
        },
      ),
    );
  };
  const across = matrix(g.inWidth, 'point-tile');
  const down = matrix(g.inHeight, 'tile-point');
  const [wide, broad] = exactly(across.shape, 2);
  const [high, low] = exactly(down.shape, 2);
  const alongWidth = (rows: number, given: GraphValue): GraphValue =>
    graph.node(
      'MatMul',
      [across, graph.reshape(given, [rows, broad, inner])],
      'float32',
      [rows, wide, inner],
    );
  // The larger of the two sides is touched once only.
  return to === 'tiles'
    ? alongWidth(high, gemm(backend, down, value, g.inWidth * inner))
    : gemm(backend, down, alongWidth(low, value), wide * inner);
}

/** A matrix from pixels to points, or the adjoint. */
function towards(
  backend: TraceBackend,
  to: Side,
  matrix: GraphValue,
): GraphValue {
  return to === 'tiles' ? matrix : transposed(backend, matrix);
}

/** matrix · value, of which each row has `columns` elements. */
function gemm(
  { graph }: TraceBackend,
  matrix: GraphValue,
  value: GraphValue,
  columns: number,
): GraphValue {
  const [rows, inner] = exactly(matrix.shape, 2);
  return graph.node(
    'Gemm',
    [matrix, graph.reshape(value, [inner, columns])],
    'float32',
    [rows, columns],
  );
}

/** G ⊗ G, [n·n, 9]: filters [O · C, 9] to the points of their tiles. */
export function filterMatrix(
  backend: TraceBackend,
  { points, filter }: WinogradMatrices,
): GraphValue {
  return constantMatrix(
    backend,
    `filter ${points}`,
    [points * points, 9],
    (put) => {
      filter.forEach((down, i) => {
        filter.forEach((across, k) => {
          down.forEach((a, j) => {
            across.forEach((b, l) => {
              put(i * points + k, j * across.length + l, a * b);
            });
          });
        });
      });
    },
  );
}

/** How the points of an axis are numbered. */
type PointOrder = 'point-tile' | 'tile-point';

/** The transform of an axis, [points · tiles, pixels], as the elements that are not zero. */
interface AxisMatrix {
  readonly rows: number;
  readonly points: number;
  readonly tiles: number;
  readonly values: readonly (readonly [
    row: number,
    column: number,
    value: number,
  ])[];
}

/** Bᵀ of all tiles along an axis of `size` pixels (`input`), or A (`output`). */
function axisMatrix(
  matrices: WinogradMatrices,
  transform: Transform,
  size: number,
  order: PointOrder,
): AxisMatrix {
  const { outputs, points } = matrices;
  const tiles = size / outputs;
  const values: [number, number, number][] = [];
  matrices[transform].forEach((row, i) => {
    row.forEach((value, j) => {
      for (let tile = 0; tile < tiles; tile++) {
        // A tile of the input begins one pixel before the tile of the output.
        const pixel = outputs * tile + (transform === 'input' ? j - 1 : i);
        if (value === 0 || pixel < 0 || pixel >= size) continue;
        const point = transform === 'input' ? i : j;
        const index =
          order === 'point-tile' ? point * tiles + tile : tile * points + point;
        values.push([index, pixel, value]);
      }
    });
  });
  return { rows: points * tiles, points, tiles, values };
}

/** [point down, point across, tile down, tile across] from [point, tile] of both axes. */
function pointIndex(
  down: AxisMatrix,
  r: number,
  across: AxisMatrix,
  s: number,
): number {
  const point =
    Math.floor(r / down.tiles) * across.points + Math.floor(s / across.tiles);
  const tile = (r % down.tiles) * across.tiles + (s % across.tiles);
  return point * down.tiles * across.tiles + tile;
}

/** The same array for the same matrix, so that a graph holds it once. */
const memory = new Map<string, Float32Array>();

/** A matrix whose elements are zero but for those that are put into it. */
function constantMatrix(
  { graph }: TraceBackend,
  key: string,
  shape: readonly [rows: number, columns: number],
  fill: (put: (row: number, column: number, value: number) => void) => void,
): GraphValue {
  let matrix = memory.get(key);
  if (matrix === undefined) {
    const [rows, columns] = shape;
    const made = new Float32Array(rows * columns);
    fill((row, column, value) => {
      made[row * columns + column] = value;
    });
    memory.set(key, made);
    matrix = made;
  }
  return graph.constant('float32', shape, matrix);
}

function transposed({ graph }: TraceBackend, matrix: GraphValue): GraphValue {
  const [rows, columns] = exactly(matrix.shape, 2);
  return graph.node('Transpose', [matrix], 'float32', [columns, rows], {
    perm: [1, 0],
  });
}
