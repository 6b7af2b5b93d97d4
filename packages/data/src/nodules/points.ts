import { at } from '@clip-lung/tensor';

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
  const size = regions.reduce((sum, { points }) => sum + points.length / 2, 0);
  const found = new Int32Array(3 * size);
  let to = 0;
  for (const region of regions) {
    const slice = index(region);
    const { points } = region;
    for (let i = 0; i < points.length; i += 2) {
      found[to++] = at(points, i);
      found[to++] = at(points, i + 1);
      found[to++] = slice;
    }
  }
  return found;
}
