import { SeriesError } from '../errors.js';
import { limits } from '../limits.js';
import { type Annotation, contoursOf } from '../lidc-xml/readings.js';
import type { SliceFinder } from '../series/match.js';
import { fillContour, type Rectangle, rectangleAround } from './fill.js';

/** How many of a nodule's annotations hold each voxel. */
export interface Agreement {
  readonly rectangle: Rectangle;
  /** number of annotations per voxel, [height, width], by slice index */
  readonly counts: ReadonlyMap<number, Uint8Array>;
  /** voxels on contours, [height, width], by slice index: what is left of annotations too thin to hold a voxel */
  readonly edges: ReadonlyMap<number, Uint8Array>;
  /** contours whose slice the series lacks */
  readonly missing: number;
  readonly contours: number;
  /** z of the missing slices, mm */
  readonly missingPositions: readonly number[];
  /** each annotation's mask, by slice index: 1 inside, 2 on a contour, 0 outside, [height, width] */
  readonly masks: readonly ReadonlyMap<number, Uint8Array>[];
}

/**
 * The masks of a nodule's annotations, added up. The mask of one annotation is what its contours enclose, without what
 * its holes enclose; the contours themselves run through the first voxels outside of the nodule, and those of holes
 * through voxels outside as well.
 *
 * @returns undefined when the series lacks the slices of all contours
 * @throws {@link SeriesError} for contours that span more than a nodule can
 */
export function agreementOf(
  annotations: readonly Annotation[],
  seriesUid: string,
  finder: SliceFinder,
): Agreement | undefined {
  const all = annotations.flatMap(contoursOf);
  const missing = all.filter((region) => finder.slice(region) === undefined);
  if (missing.length === all.length) return undefined;
  const rectangle = rectangleAround(all.map(({ points }) => points));
  if (rectangle === undefined) return undefined;

  const { width, height } = rectangle;
  const size = width * height;
  if (size * all.length > limits.noduleVoxels) {
    throw new SeriesError(
      seriesUid,
      `a nodule has ${all.length} contours in ${width} × ${height} voxels, ${size * all.length} in all; expected at most ${limits.noduleVoxels}`,
    );
  }
  const counts = new Map<number, Uint8Array>();
  const edges = new Map<number, Uint8Array>();
  const masks = annotations.map((annotation) =>
    masksOf(annotation, rectangle, finder),
  );
  for (const own of masks) {
    for (const [slice, mask] of own) {
      const count = counts.get(slice) ?? new Uint8Array(size);
      const edge = edges.get(slice) ?? new Uint8Array(size);
      for (let i = 0; i < size; i++) {
        const value = mask[i];
        if (value === inside) count[i] = (count[i] as number) + 1;
        if (value === onEdge) edge[i] = 1;
      }
      counts.set(slice, count);
      edges.set(slice, edge);
    }
  }
  return {
    rectangle,
    counts,
    edges,
    missing: missing.length,
    contours: all.length,
    missingPositions: [...new Set(missing.map(({ z }) => z))],
    masks,
  };
}

const inside = 1;
const onEdge = 2;

/** An annotation's masks by slice: 1 inside, 2 on a contour, 0 outside. */
function masksOf(
  annotation: Annotation,
  rectangle: Rectangle,
  finder: SliceFinder,
): ReadonlyMap<number, Uint8Array> {
  const masks = new Map<number, Uint8Array>();
  const contours = contoursOf(annotation);
  // Holes last, whatever the order in the file.
  for (const inclusion of [true, false]) {
    for (const region of contours) {
      const slice = finder.slice(region);
      if (slice === undefined || region.inclusion !== inclusion) continue;
      const filled = fillContour(region.points, rectangle);
      const mask = masks.get(slice) ?? new Uint8Array(filled.length);
      for (let i = 0; i < filled.length; i++) {
        const value = filled[i] as number;
        if (value === 0) continue;
        if (!inclusion) mask[i] = 0;
        else if (mask[i] !== inside) mask[i] = value;
      }
      masks.set(slice, mask);
    }
  }
  return masks;
}
