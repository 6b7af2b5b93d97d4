import type { RatingName, Ratings } from '@clip-lung/lidc';

/** One `roi`: the edge of an annotation on one slice. */
export interface Region {
  /** Image Position (Patient) z of the slice, mm */
  readonly z: number;
  /** SOP Instance UID of the slice */
  readonly sopUid: string;
  /** false for a hole: what its edge encloses is no part of the nodule */
  readonly inclusion: boolean;
  /** x₀ y₀ x₁ y₁ …: column and row of every edge point as the file lists them, zero-based, [2 · points] */
  readonly points: Int32Array;
}

/** One reader's nodule of at least 3 mm: edges on some slices, and nine ratings. */
export interface Annotation {
  /** which reading session of the file, from 0 */
  readonly session: number;
  /** which nodule of the session, from 0: unlike {@link noduleId}, unique within the session in every file */
  readonly order: number;
  readonly noduleId: string;
  readonly ratings: Ratings;
  /** the ratings outside their ranges: kept as annotated, left out of means */
  readonly flagged: readonly RatingName[];
  readonly regions: readonly Region[];
}

/** A nodule below 3 mm, marked by a point: no ratings. */
export interface SmallMark {
  readonly session: number;
  readonly order: number;
  readonly noduleId: string;
  /** why it is no annotation although the file has a `characteristics` element: it is empty, all zero, or not whole */
  readonly ratings: 'absent' | 'empty' | 'zero' | 'incomplete';
  readonly regions: readonly Region[];
}

/** A mark of at least 3 mm that is no nodule. */
export interface NonNodule {
  readonly session: number;
  readonly id: string;
  readonly z: number;
  readonly sopUid: string;
  readonly x: number;
  readonly y: number;
}

/** What the readers of one CT series wrote. */
export interface CtReadings {
  readonly kind: 'ct';
  readonly file: string;
  readonly seriesUid: string;
  readonly studyUid: string | null;
  /** number of reading sessions: 4, but for two real files */
  readonly sessions: number;
  readonly annotations: readonly Annotation[];
  readonly smallMarks: readonly SmallMark[];
  readonly nonNodules: readonly NonNodule[];
}

/** A reading of a chest radiograph (`IdriReadMessage`): recognised, and left alone. */
export interface RadiographReadings {
  readonly kind: 'radiograph';
  readonly file: string;
}

export type LidcFile = CtReadings | RadiographReadings;

/** Number of edge points of a region. */
export function pointCount(region: Region): number {
  return region.points.length / 2;
}

/**
 * The contours of an annotation: its regions of more than one point, holes among them. A single point encloses
 * nothing, and the real files have 64 of them inside large nodules.
 */
export function contoursOf(annotation: Annotation): readonly Region[] {
  return annotation.regions.filter((region) => pointCount(region) > 1);
}
