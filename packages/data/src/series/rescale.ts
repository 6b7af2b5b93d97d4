import type { SliceHeader } from '../dicom/header.js';
import { DicomError } from '../errors.js';
import type { Warning } from '../warning.js';

type Refuse = (problem: string) => never;

/**
 * That each slice of a volume tells how its stored values become HU, and that a slice that tells otherwise than the others has a
 * reason to: it stores its pixels in another way, or there is no usual way, as each slice has a slope of its own, by what it
 * holds. Without one, a single slice that is wrong would put a sheet of other HU into the volume.
 *
 * @param refuse throws a `SeriesError`
 * @returns `rescale-varies` where slices differ with reason, `storage-varies` where they differ in bits or sign
 */
export function checkRescale(
  slices: readonly SliceHeader[],
  refuse: Refuse,
): readonly Warning[] {
  const lacking = slices.filter(
    ({ format: { rescale } }) => rescale.kind === 'unknown',
  );
  for (const { file, format } of lacking) {
    if (format.rescale.kind !== 'unknown') continue;
    refuse(
      `${file} ${format.rescale.reason}; ${lacking.length} of ${slices.length} slices cannot be read as HU`,
    );
  }
  return [...rescaleWarnings(slices, refuse), ...storageWarnings(slices)];
}

function rescaleWarnings(
  slices: readonly SliceHeader[],
  refuse: Refuse,
): readonly Warning[] {
  const ways = groupsOf(slices, rescaleText);
  const [usual, odd] = ways;
  if (usual === undefined || odd === undefined) return [];
  if (ways.every(({ first }) => isNear(first, usual.first))) return [];
  const differ = difference(usual, odd, slices.length);
  if (!hasReason(slices)) {
    refuse(
      `its slices differ in how they become HU, for no reason that the headers show: ${differ}. One of them is wrong, or they belong to two series`,
    );
  }
  const { file } = usual.first;
  const message = `the slices of its series become HU in several ways, each by its own header: ${differ}`;
  return [{ code: 'rescale-varies', file, message }];
}

/** One slice whose sign or number of bits is wrong has other HU only where it is bright: that is not seen at once. */
function storageWarnings(slices: readonly SliceHeader[]): readonly Warning[] {
  const [usual, odd] = groupsOf(slices, storageText);
  if (usual === undefined || odd === undefined) return [];
  const message = `the slices of its series store their pixels in several ways, each read by its own header: ${difference(usual, odd, slices.length)}`;
  return [{ code: 'storage-varies', file: usual.first.file, message }];
}

function difference(usual: Group, odd: Group, count: number): string {
  return `${odd.slices.length} of ${count} slices, such as ${odd.first.file}, have ${odd.key}; ${usual.slices.length}, such as ${usual.first.file}, have ${usual.key}`;
}

/** Stored values of a CT have 12 bits, or little more. */
const usualValues = 2 ** 12;

/** Numbers that were rounded on the way give the same HU, to less than half a unit. */
function isNear(a: SliceHeader, b: SliceHeader): boolean {
  const [from, to] = [a.format.rescale, b.format.rescale];
  if (from.kind === 'unknown' || from.kind !== to.kind) return false;
  const slope = usualValues * Math.abs(from.slope - to.slope);
  return slope + Math.abs(from.intercept - to.intercept) < 0.5;
}

function hasReason(slices: readonly SliceHeader[]): boolean {
  const kinds = groupsOf(slices, ({ format }) => format.rescale.kind);
  if (kinds.length > 1) return false;
  // Each way of storing pixels has its own rescaling.
  const byStorage = groupsOf(slices, storageText).every(
    (group) => groupsOf(group.slices, rescaleText).length === 1,
  );
  const slopes = groupsOf(slices, ({ format: { rescale } }) =>
    rescale.kind === 'unknown' ? '' : String(rescale.slope),
  );
  return byStorage || slopes.length > Math.max(2, slices.length / 2);
}

interface Group {
  readonly key: string;
  readonly first: SliceHeader;
  readonly slices: SliceHeader[];
}

/** The largest first. */
function groupsOf(
  slices: readonly SliceHeader[],
  keyOf: (slice: SliceHeader) => string,
): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const slice of slices) {
    const key = keyOf(slice);
    const group = groups.get(key);
    if (group) group.slices.push(slice);
    else groups.set(key, { key, first: slice, slices: [slice] });
  }
  return [...groups.values()].sort((a, b) => b.slices.length - a.slices.length);
}

function rescaleText({ format: { rescale } }: SliceHeader): string {
  switch (rescale.kind) {
    case 'unknown':
      return 'no rescaling';
    case 'assumed':
      return 'neither Rescale Slope nor Intercept';
    case 'stated':
      return `the Rescale Slope ${rescale.slope} and Intercept ${rescale.intercept}`;
  }
}

function storageText({ format }: SliceHeader): string {
  const { bitsAllocated, bitsStored, signed } = format;
  return `${bitsStored} of ${bitsAllocated} bits, ${signed ? 'signed' : 'unsigned'}`;
}

/** Fat, and all that is not air, is above it: pixels that are 1024 too high have none below. */
const airBelow = -100;

/**
 * That pixels which are taken as HU, though the header does not say so, can be: in a cube around a nodule there is lung.
 *
 * @param slices whose pixels were read
 * @param parts their HU
 * @throws {@link DicomError} where no pixel has the HU of lung
 */
export function expectLung(
  slices: readonly SliceHeader[],
  parts: Iterable<Float32Array>,
): void {
  const [first] = slices;
  if (first?.format.rescale.kind !== 'assumed') return;
  for (const part of parts) {
    if (part.some((hu) => hu < airBelow)) return;
  }
  throw new DicomError(
    first.file,
    `has neither Rescale Slope nor Rescale Intercept, and its signed pixels cannot be HU: around the nodule, none is below ${airBelow}, as lung is`,
  );
}
