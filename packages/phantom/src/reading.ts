import type { Ratings } from '@clip-lung/lidc';
import { at, type RandomStream } from '@clip-lung/tensor';

import { outerContour } from './contour.js';
import type {
  MessageNodule,
  MessageRegion,
  MessageSession,
} from './lidc-message.js';
import { bodyMask } from './mask.js';
import {
  drawFinders,
  drawReader,
  rate,
  type Reader,
  readersPerScan,
  widestOutline,
} from './readers.js';
import type { PlacedNodule, Scan } from './scan.js';
import type { Vec3 } from './vector.js';

/** How slices are named in an annotation file. */
export interface SliceName {
  /** Image Position (Patient) z, mm */
  readonly z: number;
  readonly sopUid: string;
}

/** What the readers of a scan wrote. */
export interface Readings {
  readonly sessions: readonly MessageSession[];
  /** the ratings of each nodule by the readers who found it, in the nodules' order */
  readonly ratings: readonly (readonly Ratings[])[];
}

/**
 * Readers, mostly four, read a scan: each finds some of its nodules, outlines and rates them, marks some of the nodules below
 * 3 mm with a point, and some vessels as non-nodules.
 *
 * @param slices names of the slices, the lowest first
 */
export function readScan(
  scan: Scan,
  slices: readonly SliceName[],
  random: RandomStream,
  readerCount: number = readersPerScan,
): Readings {
  const readers = Array.from({ length: readerCount }, (_, i) =>
    drawReader(random.stream('reader', String(i + 1))),
  );
  const ratings: Ratings[][] = scan.nodules.map(() => []);
  const found: MessageNodule[][] = readers.map(() => []);
  scan.nodules.forEach((nodule, n) => {
    const stream = random.stream('nodule', String(n + 1));
    const finders = drawFinders(readers, nodule.attributes.subtlety, stream);
    readers.forEach((reader, r) => {
      const rating = rate(reader, nodule, stream);
      if (finders[r] !== true) return;
      const regions = outline(scan, nodule, reader, slices);
      found[r]?.push({ id: String(n + 1), ratings: rating, regions });
      ratings[n]?.push(rating);
    });
  });
  const marks = random.stream('marks');
  const sessions = found.map((nodules) => ({
    nodules: [...nodules, ...smallMarks(scan, slices, marks)],
    nonNodules: nonNodules(scan, slices, marks),
  }));
  return { sessions, ratings };
}

function outline(
  { volume }: Scan,
  { center, shape }: PlacedNodule,
  { outline: wanted }: Reader,
  slices: readonly SliceName[],
): readonly MessageRegion[] {
  const [pixel, , thickness] = volume.spacing;
  // Annotations are linked at a distance, in voxels, of the slice thickness in mm. Below 1 that asks readers to share a
  // voxel, so in thin slices these must be nearer to each other.
  const near = thickness < 1 ? (0.25 * pixel) / widestOutline : 1;
  // Half a small nodule must not be lost to a reader who draws tight.
  const offset = Math.max(near * wanted, -0.08 * shape.radius);
  return bodyMask(volume, center, shape, offset).map((mask) => ({
    ...at(slices, mask.slice),
    points: outerContour(mask),
  }));
}

function smallMarks(
  scan: Scan,
  slices: readonly SliceName[],
  random: RandomStream,
): readonly MessageNodule[] {
  return scan.microNodules.flatMap((center, i) =>
    random.uniform() < 0.6
      ? [{ id: String(101 + i), regions: [pointAt(scan, center, slices)] }]
      : [],
  );
}

function nonNodules(
  scan: Scan,
  slices: readonly SliceName[],
  random: RandomStream,
): MessageSession['nonNodules'] {
  return scan.vessels.slice(0, 3).flatMap(({ start, end }, i) => {
    const middle = [
      (start[0] + end[0]) / 2,
      (start[1] + end[1]) / 2,
      (start[2] + end[2]) / 2,
    ] as const;
    return random.uniform() < 0.4
      ? [{ id: String(201 + i), place: pointAt(scan, middle, slices) }]
      : [];
  });
}

/** The voxel at a place, as the one point of a region. */
function pointAt(
  { volume: { size, spacing } }: Scan,
  place: Vec3,
  slices: readonly SliceName[],
): MessageRegion {
  const voxel = (axis: 0 | 1 | 2): number =>
    Math.min(
      size[axis] - 1,
      Math.max(0, Math.round(place[axis] / spacing[axis])),
    );
  return {
    ...at(slices, voxel(2)),
    points: [voxel(0), voxel(1)],
  };
}
