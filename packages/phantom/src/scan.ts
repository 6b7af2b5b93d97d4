import { at, type RandomStream } from '@clip-lung/tensor';

import {
  type Attachment,
  drawAttachment,
  feedingVessel,
  pleuralGap,
} from './attachment.js';
import {
  drawVessels,
  paintBackground,
  paintVessel,
  type Vessel,
  type Wall,
  wallDepth,
} from './background.js';
import { toHounsfield } from './dicom/ct-slice.js';
import { sharpen } from './kernel.js';
import { addNoise } from './noise.js';
import { drawNodule, type Nodule } from './nodule.js';
import { placeBalls } from './place.js';
import { edge, mix } from './profile.js';
import { renderNodule } from './render-nodule.js';
import type { Scanner } from './scanner.js';
import { density } from './tissue.js';
import { distance, type Vec3 } from './vector.js';
import { boxAround, type Volume } from './volume.js';

export interface PlacedNodule extends Nodule {
  /** in the volume's mm, see {@link Volume} */
  readonly center: Vec3;
  readonly attachment: Attachment;
}

/** A simulated scan before anyone reads it. */
export interface Scan {
  readonly scanner: Scanner;
  readonly volume: Volume;
  /** HU as stored, row-major [slices, rows, columns] */
  readonly hu: Int16Array;
  readonly nodules: readonly PlacedNodule[];
  /** centres of nodules below 3 mm, in the volume's mm */
  readonly microNodules: readonly Vec3[];
  readonly vessels: readonly Vessel[];
}

export interface ScanOptions {
  readonly scanner: Scanner;
  /** pixels of a slice's side */
  readonly matrix: number;
  /** for each nodule where in the latent distribution it is drawn from, in [0, 1) */
  readonly positions: readonly number[];
  /** noise to choose from, see `noiseTile` */
  readonly tiles: readonly Float32Array[];
  /** awaited between the parts of the work, the longest of which takes a second at 512 × 512 */
  readonly pause?: (() => Promise<void>) | undefined;
}

/** mm³ of lung per vessel */
const volumePerVessel = 14_000;

export async function simulateScan(
  { scanner, matrix, positions, tiles, pause }: ScanOptions,
  random: RandomStream,
): Promise<Scan> {
  const { pixelSpacing, sliceThickness, slices, blur } = scanner;
  const size = [matrix, matrix, slices] as const;
  const spacing = [pixelSpacing, pixelSpacing, sliceThickness] as const;
  const layout = random.stream('layout');
  const wall = {
    depth: layout.uniform(4, 0.12 * matrix * pixelSpacing),
    curvature: layout.uniform(80, 160),
  };
  const placed = drawNodules(positions, size, spacing, wall, random);
  const volume = paintBackground(size, spacing, wall, blur, layout);
  await pause?.();

  const extent = size.map((length, axis) => length * at(spacing, axis));
  const cubicMm = extent.reduce((product, length) => product * length, 1);
  const passing = drawVessels(
    Math.round(cubicMm / volumePerVessel),
    volume,
    placed.map(({ center, shape }) => ({ center, radius: shape.reach })),
    random.stream('vessels'),
  );
  const { nodules, feeding } = feed(placed, random.stream('feeding'));
  const vessels = [...passing, ...feeding];
  for (const vessel of vessels) paintVessel(volume, vessel, blur);
  await pause?.();
  const micro = drawMicroNodules(volume, nodules, wall, random.stream('micro'));
  for (const center of micro) paintMicroNodule(volume, center, blur);
  for (const nodule of nodules) renderNodule(volume, nodule, blur);
  await pause?.();
  sharpen(volume, scanner.sharpening);
  await pause?.();
  addNoise(volume, scanner, tiles, random.stream('noise'));
  await pause?.();
  const hu = wholeHounsfield(volume.voxels);
  return { scanner, volume, hu, nodules, microNodules: micro, vessels };
}

/** The loop that runs longest, in a function of its own, which the runtime compiles better. */
function wholeHounsfield(voxels: Float32Array): Int16Array {
  const hu = new Int16Array(voxels.length);
  for (let i = 0; i < hu.length; i++) hu[i] = toHounsfield(voxels[i] as number);
  return hu;
}

/** Nodules with places. Where those drawn do not fit together, all are drawn smaller, until they do. */
function drawNodules(
  positions: readonly number[],
  size: Vec3,
  spacing: Vec3,
  wall: Wall,
  random: RandomStream,
): readonly PlacedNodule[] {
  const extent = [
    size[0] * spacing[0],
    size[1] * spacing[1],
    size[2] * spacing[2],
  ] as const;
  for (let tries = 0; tries < 20; tries++) {
    const nodules = positions.map((position, i) => {
      const stream = random.stream(`nodule-${i + 1}`);
      const nodule = drawNodule(position, 0.9 ** tries, stream);
      return {
        ...nodule,
        attachment: drawAttachment(stream.stream('attachment')),
      };
    });
    const places = placeBalls(
      nodules.map(({ shape, diameter, attachment }) => ({
        reach: shape.reach,
        cropHalf: diameter,
        wallGap: attachment === 'pleura' ? pleuralGap(shape) : undefined,
      })),
      extent,
      spacing,
      wall,
      random.stream('places', `try-${tries}`),
    );
    if (places !== undefined) {
      return nodules.map((nodule, i) => ({
        ...nodule,
        center: at(places, i),
      }));
    }
  }
  // The smallest nodules still do not fit: leave the last one out.
  return drawNodules(positions.slice(0, -1), size, spacing, wall, random);
}

/** A vessel for each nodule that wants one; where there is no room, the nodule stays alone. */
function feed(
  placed: readonly PlacedNodule[],
  random: RandomStream,
): {
  readonly nodules: readonly PlacedNodule[];
  readonly feeding: readonly Vessel[];
} {
  const feeding: Vessel[] = [];
  const nodules = placed.map((nodule) => {
    if (nodule.attachment !== 'vessel') return nodule;
    const others = placed
      .filter((other) => other !== nodule)
      .map(({ center, shape }) => ({ center, radius: shape.reach }));
    const { center, shape } = nodule;
    const vessel = feedingVessel(center, shape, others, random);
    if (vessel === undefined) return { ...nodule, attachment: 'none' as const };
    feeding.push(vessel);
    return nodule;
  });
  return { nodules, feeding };
}

const microRadius = 1.2;

function drawMicroNodules(
  { size, spacing }: Volume,
  nodules: readonly PlacedNodule[],
  wall: Wall,
  random: RandomStream,
): readonly Vec3[] {
  const wanted = random.integer(4);
  const centers: Vec3[] = [];
  for (let tries = 0; centers.length < wanted && tries < 100; tries++) {
    const center = [
      random.uniform(6, size[0] * spacing[0] - 6),
      random.uniform(6, size[1] * spacing[1] - 6),
      Math.round(random.uniform(2, size[2] - 3)) * spacing[2],
    ] as const;
    const free =
      center[0] - 4 > wallDepth(wall, center[1], size[1] * spacing[1]) &&
      centers.every((other) => distance(center, other) > 12) &&
      nodules.every(
        (nodule) =>
          distance(center, nodule.center) >
          Math.max(nodule.shape.reach + 5 * spacing[2], nodule.diameter),
      );
    if (free) centers.push(center);
  }
  return centers;
}

function paintMicroNodule(volume: Volume, center: Vec3, blur: number): void {
  const { size, spacing, voxels } = volume;
  const reach = microRadius + 3 * blur;
  const [low, high] = boxAround(volume, center, [reach, reach, reach]);
  for (let k = low[2]; k <= high[2]; k++) {
    for (let j = low[1]; j <= high[1]; j++) {
      for (let i = low[0]; i <= high[0]; i++) {
        const index = (k * size[1] + j) * size[0] + i;
        const here = [i * spacing[0], j * spacing[1], k * spacing[2]] as const;
        const share = edge(microRadius - distance(here, center), blur);
        voxels[index] = mix(voxels[index] as number, density.soft, share);
      }
    }
  }
}
