import {
  type Annotation,
  contoursOf,
  type Region,
} from '../lidc-xml/readings.js';
import type { PointSet } from './cluster.js';

/** The contour points of an annotation in voxel indices, [3 · points]; all its points where it has no contour. */
export function contourPoints(
  annotation: Annotation,
  index: (region: Region) => number,
): PointSet {
  const contours = contoursOf(annotation);
  const regions = contours.length > 0 ? contours : annotation.regions;
  return Int32Array.from(
    regions.flatMap((region) => {
      const slice = index(region);
      const { points } = region;
      return Array.from({ length: (points.length / 2) * 3 }, (_, i) =>
        i % 3 === 2 ? slice : (points[2 * Math.floor(i / 3) + (i % 3)] ?? 0),
      );
    }),
  );
}
