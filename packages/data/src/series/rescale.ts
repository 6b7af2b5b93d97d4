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
 * @returns `rescale-varies` where slices differ with reason
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
  const [usual, odd] = groupsOf(slices, rescaleText);
  if (usual === undefined || odd === undefined) return [];
  const differ = `${odd.slices.length} of ${slices.length} slices, such as ${odd.first.file}, have ${odd.key}; ${usual.slices.length}, such as ${usual.first.file}, have ${usual.key}`;
  if (!hasReason(slices)) {
    refuse(
      `its slices differ in how they become HU without a reason: ${differ}. One of them is wrong, or they are of two series`,
    );
  }
  const { file } = usual.first;
  const message = `the slices of its series become HU in several ways, each by its own header: ${differ}`;
  return [{ code: 'rescale-varies', file, message }];
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
  return [bitsAllocated, bitsStored, signed].join(' ');
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
