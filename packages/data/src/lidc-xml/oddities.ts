import { ratingNames } from '@clip-lung/lidc';
import { at } from '@clip-lung/tensor';

import type { Warning } from '../warning.js';
import { type CtReadings, contoursOf, type Region } from './readings.js';

/**
 * What is odd about a scan's readings, although all of it is kept as it stands: ratings out of range, marks with a
 * hollow set of ratings, sessions other than four, nodule IDs used twice, one z with several slices, contours that are
 * not closed or jump.
 */
export function odditiesOf(readings: CtReadings): readonly Warning[] {
  const { file, annotations, smallMarks, sessions } = readings;
  const warnings: Warning[] = [];
  const warn = (code: string, message: string): void => {
    warnings.push({ code, file, message });
  };

  if (sessions !== 4) {
    warn('sessions', `has ${sessions} reading sessions; four are usual`);
  }
  for (const { session, noduleId, ratings, flagged } of annotations) {
    for (const name of flagged) {
      warn(
        'rating-out-of-range',
        `nodule "${noduleId}" of session ${session + 1}: "${name}" is ${ratings[name]}; kept, and left out of means`,
      );
    }
  }
  for (const { session, noduleId, ratings } of smallMarks) {
    if (ratings === 'absent') continue;
    warn(
      `ratings-${ratings}`,
      `nodule "${noduleId}" of session ${session + 1} has "characteristics" that ${hollow[ratings]}; it does not count as an annotation`,
    );
  }
  for (const id of repeatedIds(readings)) {
    warn('repeated-nodule-id', `nodule ID ${id} is used more than once`);
  }
  const [shared, ...others] = sharedPositions(readings);
  if (shared !== undefined) {
    const more =
      others.length > 0 ? `, and so are ${others.length} others` : '';
    const message = `z = ${shared} mm is the position of several slices${more}`;
    warn('shared-position', message);
  }
  const { open, jumping } = contourOddities(annotations);
  if (open > 0) warn('open-contour', `contours that are not closed: ${open}`);
  if (jumping > 0) {
    warn(
      'jumping-contour',
      `contours that step over more than a pixel: ${jumping}`,
    );
  }
  return warnings;
}

/** Counts of what the contours of annotations have that is not plain. */
export interface ContourOddities {
  /** regions that are no part of the nodule: `inclusion` FALSE */
  readonly holes: number;
  /** contours whose last point is not their first */
  readonly open: number;
  /** contours with a step of more than a pixel from one point to the next */
  readonly jumping: number;
  /** regions of one point, which enclose nothing and are no contours */
  readonly singlePoints: number;
  /** annotations that have several regions on one slice, holes and single points among them */
  readonly severalRegions: number;
}

export function contourOddities(
  annotations: CtReadings['annotations'],
): ContourOddities {
  const regions = annotations.flatMap((annotation) => annotation.regions);
  const contours = annotations.flatMap(contoursOf);
  return {
    holes: regions.filter(({ inclusion }) => !inclusion).length,
    open: contours.filter((region) => !isClosed(region)).length,
    jumping: contours.filter(hasJump).length,
    singlePoints: regions.length - contours.length,
    severalRegions: annotations.filter((annotation) => {
      const slices = annotation.regions.map(
        ({ z, sopUid }) => `${z} ${sopUid}`,
      );
      return new Set(slices).size < slices.length;
    }).length,
  };
}

const hollow = {
  empty: 'are empty',
  zero: 'are all zero',
  incomplete: `lack some of the ${ratingNames.length} ratings`,
} as const;

function repeatedIds({ annotations, smallMarks }: CtReadings): string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { session, noduleId } of [...annotations, ...smallMarks]) {
    const id = `"${noduleId}" of session ${session + 1}`;
    if (seen.has(id)) repeated.add(id);
    seen.add(id);
  }
  return [...repeated];
}

/** The z positions for which the regions name more than one slice. */
function sharedPositions(readings: CtReadings): number[] {
  const slices = new Map<number, Set<string>>();
  const add = (z: number, sopUid: string): void => {
    const uids = slices.get(z) ?? new Set();
    slices.set(z, uids.add(sopUid));
  };
  for (const { regions } of [...readings.annotations, ...readings.smallMarks]) {
    for (const { z, sopUid } of regions) add(z, sopUid);
  }
  for (const { z, sopUid } of readings.nonNodules) add(z, sopUid);
  return [...slices].filter(([, uids]) => uids.size > 1).map(([z]) => z);
}

/** The largest step between the points `from` and `to` along one axis. */
function step({ points }: Region, from: number, to: number): number {
  const dx = at(points, 2 * to) - at(points, 2 * from);
  const dy = at(points, 2 * to + 1) - at(points, 2 * from + 1);
  return Math.max(Math.abs(dx), Math.abs(dy));
}

/** Whether the last point is the first one again, as the format asks. */
function isClosed(region: Region): boolean {
  return step(region, region.points.length / 2 - 1, 0) === 0;
}

function hasJump(region: Region): boolean {
  for (let point = 1; point < region.points.length / 2; point++) {
    if (step(region, point - 1, point) > 1) return true;
  }
  return false;
}
