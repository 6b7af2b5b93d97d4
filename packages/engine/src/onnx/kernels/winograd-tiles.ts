import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';

import { arrange } from '../arrange.js';
import type { GraphValue } from '../graph.js';
import type { Order } from '../layout.js';
import type { TraceBackend } from '../trace-backend.js';
import {
  fourOutputs,
  twoOutputs,
  type WinogradMatrices,
} from './winograd-matrices.js';

/*
 * The transforms of Winograd's F(m×m, 3×3) between images and tiles. They are linear along each axis of an image, so with
 * images stored as [H, W, B, C] they are products with small constant matrices, and nothing is ever transposed.
 *
 * Tiles are [n, tile rows, n, tile columns · B, C]: the n×n points of the tiles, and for each of them a matrix that the
 * products over the channels take as it is. Where an image has few tiles, their rows and columns are put together,
 * [n·n, 1, 1, tiles · B, C], and both axes are transformed at once: the products want enough rows.
 */

type Geometry = Pick<
  backend_util.Conv2DInfo,
  'batchSize' | 'inHeight' | 'inWidth'
>;

/** Images [B, H, W, C] stored as [H, W, B, C]. */
export const imagesAsHwbc: Order = [2, 0, 1, 3];

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
    const all = [points * points, 1, 1] as const;
    return { points: all, filterPoints: all, rows };
  }
  return {
    points: [points, g.inHeight / outputs, points],
    filterPoints: [points, 1, points],
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
  const channels = images.shape[3] ?? 1;
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
  const channels = tiles.shape.at(-1) ?? 1;
  return backend.graph.reshape(
    spread(backend, transform, 'images', tiles, g, channels),
    [g.inHeight, g.inWidth, g.batchSize, channels],
  );
}

/** Multiplies both axes of an image, or of its tiles, with their matrices. */
function spread(
  backend: TraceBackend,
  transform: Transform,
  to: 'tiles' | 'images',
  value: GraphValue,
  g: Geometry,
  channels: number,
): GraphValue {
  const { graph } = backend;
  const { inHeight: height, inWidth: width } = g;
  const inner = g.batchSize * channels;
  const matrix = (down: number, across: number): GraphValue => {
    const tiling = constantMatrix(
      backend,
      matricesFor(g),
      transform,
      down,
      across,
    );
    // To tiles by the input's own matrix, or by the adjoint of the output's; back the other way round.
    return (transform === 'input') === (to === 'tiles')
      ? tiling
      : transposed(backend, tiling);
  };
  const gemm = (left: GraphValue, right: GraphValue): GraphValue =>
    graph.node('Gemm', [left, right], 'float32', [
      left.shape[0] ?? 1,
      right.shape[1] ?? 1,
    ]);

  if (isSmall(g)) {
    const both = matrix(height, width);
    return gemm(
      both,
      backend.graph.reshape(value, [both.shape[1] ?? 1, inner]),
    );
  }
  const down = matrix(height, 1);
  const across = matrix(1, width);
  const [tall = 1, high = 1] = down.shape;
  const [wide = 1, broad = 1] = across.shape;
  const alongWidth = (rows: number, given: GraphValue): GraphValue =>
    graph.node(
      'MatMul',
      [across, backend.graph.reshape(given, [rows, broad, inner])],
      'float32',
      [rows, wide, inner],
    );
  const alongHeight = (columns: number, given: GraphValue): GraphValue =>
    gemm(down, backend.graph.reshape(given, [high, columns * inner]));
  // The larger of the two sides is touched once only.
  return to === 'tiles'
    ? alongWidth(tall, alongHeight(width, value))
    : alongHeight(wide, alongWidth(high, value));
}

/** G ⊗ G, [n·n, 9]: filters [O · C, 9] to the points of their tiles. */
export function filterMatrix(
  { graph }: TraceBackend,
  { points, filter }: WinogradMatrices,
): GraphValue {
  const rows = points * points;
  const matrix = remembered(`filter ${points}`, rows * 9, (into) => {
    forEachPair(filter, filter, (row, column, value) => {
      into[row * 9 + column] = value;
    });
  });
  return graph.constant('float32', [rows, 9], matrix);
}

/**
 * The matrix from the pixels of an image, along one axis (the other size being 1) or both, to the points of its tiles
 * (`input`, [points · tiles, pixels]), or from those to pixels (`output`, [pixels, points · tiles]).
 */
function constantMatrix(
  backend: TraceBackend,
  matrices: WinogradMatrices,
  transform: Transform,
  height: number,
  width: number,
): GraphValue {
  const down = axisMatrix(matrices, transform, height);
  const across = axisMatrix(matrices, transform, width);
  const rows = down.rows * across.rows;
  const columns = down.columns * across.columns;
  const matrix = remembered(
    `${transform} ${matrices.points} ${height}×${width}`,
    rows * columns,
    (into) => {
      down.values.forEach(([r, c, a]) => {
        across.values.forEach(([s, d, b]) => {
          const row =
            transform === 'input'
              ? pointIndex(down, r, across, s)
              : r * across.rows + s;
          const column =
            transform === 'input'
              ? c * across.columns + d
              : pointIndex(down, c, across, d);
          into[row * columns + column] = a * b;
        });
      });
    },
  );
  return backend.graph.constant('float32', [rows, columns], matrix);
}

/**
 * The index of a point of a tile, [point down, point across, tile down, tile across], from those along each axis,
 * [point, tile]. Along an axis of one pixel there is one point of one tile.
 */
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

interface AxisMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly points: number;
  readonly tiles: number;
  readonly values: readonly (readonly [
    row: number,
    column: number,
    value: number,
  ])[];
}

/** The transform along one axis of `size` pixels, as the elements that are not zero; rows or columns are [point, tile]. */
function axisMatrix(
  matrices: WinogradMatrices,
  transform: Transform,
  size: number,
): AxisMatrix {
  if (size === 1)
    return { rows: 1, columns: 1, points: 1, tiles: 1, values: [[0, 0, 1]] };
  const { outputs, points } = matrices;
  const tiles = size / outputs;
  const values: [number, number, number][] = [];
  matrices[transform].forEach((row, i) => {
    row.forEach((value, j) => {
      for (let tile = 0; tile < tiles; tile++) {
        // A tile of the input begins one pixel before the tile of the output.
        const pixel = outputs * tile + (transform === 'input' ? j - 1 : i);
        const point = (transform === 'input' ? i : j) * tiles + tile;
        if (value === 0 || pixel < 0 || pixel >= size) continue;
        values.push(
          transform === 'input' ? [point, pixel, value] : [pixel, point, value],
        );
      }
    });
  });
  const [most, least] = [points * tiles, size];
  return transform === 'input'
    ? { rows: most, columns: least, points, tiles, values }
    : { rows: least, columns: most, points, tiles, values };
}

function forEachPair(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
  visit: (row: number, column: number, value: number) => void,
): void {
  a.forEach((rowA, i) => {
    b.forEach((rowB, k) => {
      rowA.forEach((x, j) => {
        rowB.forEach((y, l) => {
          visit(i * b.length + k, j * rowB.length + l, x * y);
        });
      });
    });
  });
}

/** The same array for the same matrix, so that a graph holds it once. */
const memory = new Map<string, Float32Array>();

function remembered(
  key: string,
  length: number,
  fill: (into: Float32Array) => void,
): Float32Array {
  let matrix = memory.get(key);
  if (matrix === undefined) {
    matrix = new Float32Array(length);
    fill(matrix);
    memory.set(key, matrix);
  }
  return matrix;
}

function transposed({ graph }: TraceBackend, matrix: GraphValue): GraphValue {
  const [rows = 1, columns = 1] = matrix.shape;
  return graph.node('Transpose', [matrix], 'float32', [columns, rows], {
    perm: [1, 0],
  });
}
