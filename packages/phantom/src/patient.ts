import {
  gapsOf,
  indexOfPosition,
  median,
  type SlicePositions,
} from '@clip-lung/data';
import {
  labelOf,
  type RatingName,
  ratingNames,
  type Ratings,
} from '@clip-lung/lidc';
import { at, RandomStream } from '@clip-lung/tensor';

import { type CtSlice, encodeCtSlice } from './dicom/ct-slice.js';
import { encodeLidcMessage } from './lidc-message.js';
import type { NoduleTruth } from './nodule.js';
import type { Phantom } from './phantom.js';
import type { PhantomFile } from './phantom-file.js';
import { applyQuirks, quirksOf } from './quirks/apply-quirks.js';
import {
  type Draft,
  pathOf,
  type PlacedQuirk,
  sliceName,
} from './quirks/quirk.js';
import { readersPerScan } from './readers.js';
import { readScan } from './reading.js';
import { type Scanner, scanners } from './scanner.js';
import { type Scan, simulateScan } from './scan.js';
import type { Vec3 } from './vector.js';

/** One simulated patient: the files of a scan and its annotations, and the truth about them. */
export interface PhantomPatient {
  readonly id: string;
  readonly scan: Scan;
  /** patient coordinates of the centre of voxel [0, 0, 0] of the lowest slice, mm */
  readonly origin: Vec3;
  readonly truth: readonly NoduleTruth[];
  /** the slices in the order of their instance numbers, the annotations, and what else quirks put there */
  readonly files: readonly PhantomFile[];
  /** none but in a phantom with quirks */
  readonly quirks: readonly PlacedQuirk[];
}

export function patientId(number: number): string {
  return `PHANTOM-${String(number).padStart(4, '0')}`;
}

/**
 * Simulates one patient of a phantom. Patients depend on the seed and their number alone, so they can be made in any order.
 *
 * @param number from 1
 * @param pause awaited between the parts of the work: whoever lets the event loop turn there is heard, and ends it by throwing
 */
export async function simulatePatient(
  phantom: Phantom,
  number: number,
  pause?: () => Promise<void>,
): Promise<PhantomPatient> {
  const id = patientId(number);
  const random = new RandomStream(phantom.seed, 'phantom', id);
  const scanner = at(scanners, random.integer(scanners.length));
  const scan = await simulateScan(
    {
      scanner,
      matrix: phantom.matrix,
      positions: latentPositions(phantom, number, random),
      tiles: tilesOf(phantom, scanner),
      pause,
    },
    random.stream('scan'),
  );
  await pause?.();
  const half = (phantom.matrix * scanner.pixelSpacing) / 2;
  const bottom = -50 * (1 + random.integer(6));
  const origin = [-half, -half, bottom] as const;
  const slices = namedSlices(phantom, number, scan, origin);
  const byHeight = [...slices].sort((a, b) => a.position[2] - b.position[2]);
  const odd = phantom.quirks ? quirksOf(number) : undefined;
  const { sessions, ratings } = readScan(
    scan,
    byHeight.map(({ position, sopUid }) => ({ z: position[2], sopUid })),
    random.stream('reading'),
    odd?.annotations === 'three-sessions' ? 3 : readersPerScan,
  );
  const studyUid = phantom.uids.uid('study', number);
  const seriesUid = phantom.uids.uid('series', number);
  const uid = phantom.uids.uid('message', number);
  const plain: Draft = {
    number,
    // The folders of TCIA are named by dates and the UIDs' last digits; an annotation file by a number.
    folder: `${id}/01-01-2000-${studyUid.slice(-5)}/3000001.000000-${seriesUid.slice(-5)}`,
    slices,
    message: { uid, studyUid, seriesUid, sessions },
    xmlName: `${String(number).padStart(3, '0')}.xml`,
    others: [],
    uids: phantom.uids,
  };
  const { draft, placed } =
    odd === undefined
      ? { draft: plain, placed: [] }
      : applyQuirks(plain, id, odd, random.stream('quirks'));
  const volume = volumeOf(draft);
  return {
    id,
    scan,
    origin,
    truth: scan.nodules.map((_, i) =>
      truthOf(id, scan, i, { origin, volume }, at(ratings, i)),
    ),
    files: await filesOf(draft, pause),
    quirks: placed,
  };
}

function tilesOf(
  { tiles }: Phantom,
  scanner: Scanner,
): readonly Float32Array[] {
  const own = tiles.get(scanner);
  if (own !== undefined) return own;
  throw new RangeError(`the phantom has no noise of ${scanner.model}`);
}

const slicesBetweenPauses = 8;

async function filesOf(
  draft: Draft,
  pause?: () => Promise<void>,
): Promise<readonly PhantomFile[]> {
  const xml = encodeLidcMessage(draft.message);
  const slices: PhantomFile[] = [];
  for (const slice of draft.slices) {
    const name = pathOf(draft, sliceName(slice));
    slices.push({ name, bytes: await encodeCtSlice(slice) });
    if (slices.length % slicesBetweenPauses === 0) await pause?.();
  }
  return [
    ...slices,
    {
      name: pathOf(draft, draft.xmlName),
      bytes: new TextEncoder().encode(xml),
    },
    ...draft.others,
  ];
}

/** Golden-ratio steps spread the nodules of a whole phantom evenly over the latent distribution. */
function latentPositions(
  { seed, nodulesPerPatient: [least, most] }: Phantom,
  number: number,
  random: RandomStream,
): readonly number[] {
  const start = new RandomStream(seed, 'phantom', 'latent').uniform();
  const count = least + random.integer(most - least + 1);
  return Array.from({ length: count }, (_, i) => {
    const step = (number - 1) * most + i;
    return (start + step * (Math.sqrt(5) - 1) * 0.5) % 1;
  });
}

/** The slices in the order of their instance numbers. */
function namedSlices(
  { matrix, uids }: Phantom,
  number: number,
  { scanner, hu }: Scan,
  origin: Vec3,
): readonly CtSlice[] {
  const pixels = matrix * matrix;
  return Array.from({ length: scanner.slices }, (_, i) => {
    const slice = scanner.firstSlice === 'top' ? scanner.slices - 1 - i : i;
    const z = origin[2] + slice * scanner.sliceThickness;
    return {
      patientId: patientId(number),
      scanner,
      studyUid: uids.uid('study', number),
      seriesUid: uids.uid('series', number),
      frameUid: uids.uid('frame', number),
      sopUid: uids.uid('slice', number, i + 1),
      instance: i + 1,
      position: [origin[0], origin[1], z],
      columns: matrix,
      rows: matrix,
      pixelSpacing: scanner.pixelSpacing,
      hu: hu.subarray(slice * pixels, (slice + 1) * pixels),
    };
  });
}

/** Where the slices of the scan's volume lie once quirks have left some out, or moved them. */
function volumeOf({ slices, message }: Draft): SlicePositions {
  const own = slices.filter(
    ({ seriesUid, view = 'axial' }) =>
      seriesUid === message.seriesUid && view === 'axial',
  );
  const heights = new Set(own.map(({ position }) => position[2]));
  const positions = [...heights].sort((a, b) => a - b);
  return { positions, spacing: median(gapsOf(positions)) };
}

function truthOf(
  patient: string,
  { nodules, volume: { spacing } }: Scan,
  index: number,
  {
    origin,
    volume,
  }: { readonly origin: Vec3; readonly volume: SlicePositions },
  given: readonly Ratings[],
): NoduleTruth {
  const nodule = nodules[index];
  if (nodule === undefined) throw new RangeError(`no nodule ${index}`);
  const means = meanRatings(given);
  const { diameter, attributes, score, malignancy, center, attachment } =
    nodule;
  const place = (axis: 0 | 1 | 2): number => origin[axis] + center[axis];
  const voxel = (axis: 0 | 1): number => center[axis] / spacing[axis];
  return {
    patient,
    nodule: index + 1,
    center: [place(0), place(1), place(2)],
    voxel: [voxel(0), voxel(1), indexOfPosition(volume, place(2))],
    diameter,
    attributes,
    score,
    malignancy,
    attachment,
    readers: given.length,
    ratings: means,
    label: labelOf(means.malignancy, 'pylidc'),
  };
}

function meanRatings(
  ratings: readonly Ratings[],
): Readonly<Record<RatingName, number>> {
  const mean = (name: RatingName): number =>
    ratings.reduce((total, rating) => total + rating[name], 0) / ratings.length;
  return Object.fromEntries(
    ratingNames.map((name) => [name, mean(name)]),
  ) as Record<RatingName, number>;
}
