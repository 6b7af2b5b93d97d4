import type { SliceHeader } from '../dicom/header.js';
import { SeriesError } from '../errors.js';
import { comparePaths } from '../lidc-xml/duplicates.js';
import type { Warning } from '../warning.js';
import {
  axialFrame,
  expectStraight,
  type Placed,
  type Placement,
  stackOf,
} from './geometry.js';
import {
  gapShare,
  gapsOf,
  leastDistance,
  median,
  unevenShare,
} from './positions.js';
import { oneAtEachPlace, type SamePlace } from './same-place.js';
import { checkSlices, expectOneFrame } from './slice-checks.js';
import { chooseStack } from './stacks.js';
import { near, volumeSlices } from './volume-slices.js';

/**
 * The slices of one CT series as a volume. A voxel index is [column, row, slice], slice 0 being the lowest along the
 * normal of the slices; between the slices' true positions it is a fraction.
 */
export interface Series extends Placement {
  readonly seriesUid: string;
  readonly patientId: string | null;
  readonly manufacturer: string | null;
  /** in the order of their positions along the normal */
  readonly slices: readonly SliceHeader[];
  /** slices that others at their places were preferred to: what they show may differ */
  readonly samePlace: readonly SamePlace[];
  /** SOP Instance UIDs that several places have, so that they name none of them */
  readonly repeatedUids: ReadonlySet<string>;
  /** Slice Thickness, or the spacing where the headers have none, mm */
  readonly sliceThickness: number;
  readonly rows: number;
  readonly columns: number;
  readonly warnings: readonly Warning[];
}

export interface SeriesOptions {
  /** SOP Instance UIDs of the slices that annotations name */
  readonly named?: ReadonlySet<string>;
}

/**
 * Makes a volume of the slices of one series.
 *
 * Left out with a warning are localisers, the few slices that are oriented otherwise than the most, all stacks but one where
 * several lie within each other (`other-stack`, see `chooseStack`), and all slices but one at a place (`samePlace`, see
 * `oneAtEachPlace`). A distance over 1.5 times the median is a gap (`slice-gap`), and one that differs from the median by a
 * tenth is told (`uneven-spacing`): volumes are interpolated between the slices' true positions.
 *
 * @throws {@link SeriesError} for fewer than two slices, slices that differ in size, spacing or orientation, ones that
 *   are not axial, a tilted gantry, slices that lie beside the others, headers without a position, or several stacks of
 *   which nothing says which is meant
 */
export function seriesOf(
  headers: readonly SliceHeader[],
  { named = new Set() }: SeriesOptions = {},
): Series {
  const { slices: ordered, warnings } = volumeSlices(
    [...headers].sort((a, b) => comparePaths(a.file, b.file)),
  );
  const [lead] = ordered;
  const seriesUid = headers[0]?.seriesUid ?? 'unknown';
  const refuse = (problem: string): never => {
    throw new SeriesError(seriesUid, problem);
  };
  if (lead === undefined) {
    return refuse(headers.length > 0 ? 'has localisers only' : 'has no slices');
  }
  for (const slice of ordered) expectOneFrame(slice, refuse);
  const all = stackOf(ordered, axialFrame(lead, refuse), refuse);
  const repeatedUids = repeatedIn(all);
  const telling = new Set([...named].filter((uid) => !repeatedUids.has(uid)));
  const chosen = chooseStack(all, telling, refuse);
  const inStack = new Set(chosen.stack.map(([, slice]) => slice));
  const [first = lead, ...others] = ordered.filter((slice) =>
    inStack.has(slice),
  );
  for (const slice of others) expectSame(first, slice, refuse);
  const noted = checkSlices([first, ...others], refuse);
  const frame = axialFrame(first, refuse);
  expectStraight(chosen.stack, frame, refuse);

  const { stack, leftOut } = oneAtEachPlace(chosen.stack, telling);
  if (stack.length < 2) {
    refuse(`has slices at ${stack.length} position, expected at least 2`);
  }
  const slices = stack.map(([, slice]) => slice);
  const positions = stack.map(([position]) => position);
  const spacing = median(gapsOf(positions));
  const sopWarnings = [...repeatedUids].map((uid) => ({
    code: 'sop-uid-repeated',
    file: first.file,
    message: `series ${seriesUid} has ${all.filter(([, { sopUid }]) => sopUid === uid).length} slices with the SOP Instance UID ${uid}, at several places; annotations that name it are matched by z alone`,
  }));
  return {
    seriesUid,
    patientId: first.patientId,
    manufacturer: first.manufacturer,
    slices,
    samePlace: leftOut,
    repeatedUids,
    frame,
    positions,
    spacing,
    sliceThickness:
      thicknessOf(chosen.stack.map(([, slice]) => slice)) ?? spacing,
    rows: first.format.rows,
    columns: first.format.columns,
    warnings: [
      ...warnings,
      ...chosen.warnings,
      ...noted,
      ...sopWarnings,
      ...spacingWarnings({ seriesUid, file: first.file, positions, spacing }),
    ],
  };
}

/** SOP Instance UIDs of slices at several places. */
function repeatedIn(stack: readonly Placed[]): ReadonlySet<string> {
  const first = new Map<string, number>();
  const repeated = new Set<string>();
  for (const [position, { sopUid }] of stack) {
    const known = first.get(sopUid);
    if (known === undefined) first.set(sopUid, position);
    else if (position - known > leastDistance(0)) repeated.add(sopUid);
  }
  return repeated;
}

function spacingWarnings({
  seriesUid,
  file,
  positions,
  spacing,
}: Pick<Series, 'seriesUid' | 'positions' | 'spacing'> & {
  readonly file: string;
}): readonly Warning[] {
  const gaps = gapsOf(positions);
  const wide = gaps.filter((gap) => gap > gapShare * spacing);
  const uneven = gaps.filter(
    (gap) =>
      gap <= gapShare * spacing &&
      Math.abs(gap - spacing) > unevenShare * spacing,
  );
  const warnings: Warning[] = [];
  if (wide.length > 0) {
    warnings.push({
      code: 'slice-gap',
      file,
      message: `series ${seriesUid} has ${wide.length} gaps: ${format(Math.max(...wide))} mm at most, where ${format(spacing)} mm are usual; crops are interpolated across`,
    });
  }
  if (uneven.length > 0) {
    warnings.push({
      code: 'uneven-spacing',
      file,
      message: `series ${seriesUid} has ${uneven.length} of ${gaps.length} distances between slices that differ from the usual ${format(spacing)} mm by more than ${100 * unevenShare} %: ${format(Math.min(...uneven))} to ${format(Math.max(...uneven))} mm; sizes and crops go by the true positions`,
    });
  }
  return warnings;
}

function expectSame(
  first: SliceHeader,
  slice: SliceHeader,
  refuse: (problem: string) => never,
): void {
  const describe = ({ format: { rows, columns }, ...slice }: SliceHeader) =>
    `${rows} × ${columns} voxels of ${slice.pixelSpacing?.join(' × ') ?? 'no'} mm, oriented ${slice.orientation?.join(' ') ?? 'nowhere'}`;
  const same =
    first.format.rows === slice.format.rows &&
    first.format.columns === slice.format.columns &&
    near(first.pixelSpacing, slice.pixelSpacing) &&
    near(first.orientation, slice.orientation);
  if (!same) {
    refuse(
      `${slice.file} has ${describe(slice)}; ${first.file} has ${describe(first)}`,
    );
  }
  if (first.patientId !== slice.patientId) {
    refuse(
      `${slice.file} is of ${patientIn(slice)}, ${first.file} of ${patientIn(first)}`,
    );
  }
}

function patientIn({ patientId }: SliceHeader): string {
  return patientId === null ? 'no patient' : `patient "${patientId}"`;
}

function thicknessOf(slices: readonly SliceHeader[]): number | null {
  const found = slices
    .map(({ sliceThickness }) => sliceThickness)
    .filter((thickness) => thickness !== null)
    .filter((thickness) => thickness > 0);
  return found.length > 0 ? median(found) : null;
}

function format(millimetres: number): string {
  return String(Number(millimetres.toFixed(3)));
}
