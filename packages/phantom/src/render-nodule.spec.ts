import { RandomStream } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { makeNodule, type Nodule } from './nodule.js';
import { renderNodule } from './render-nodule.js';
import { density } from './tissue.js';
import { calcifications, internalStructures, type Traits } from './traits.js';
import { newVolume } from './volume.js';

const side = 81;
const spacing = 0.5;
const middle = 40 * spacing;
const blur = 0.4;
/** an HU between lung and soft tissue */
const threshold = -400;

type Attributes = Traits['attributes'];

/** A round, smooth, sharp, solid nodule of 14 mm, but for what is given. */
function nodule(
  change: Partial<Attributes> = {},
  {
    seed = 1,
    ...rest
  }: Partial<Omit<Traits, 'attributes'>> & { seed?: number } = {},
): Nodule {
  const attributes: Attributes = {
    internalStructure: internalStructures.softTissue,
    calcification: calcifications.absent,
    sphericity: 5,
    margin: 5,
    lobulation: 1,
    spiculation: 1,
    texture: 5,
    ...change,
  };
  const traits = { diameter: 14, contrast: 1, ...rest, attributes };
  return makeNodule(traits, new RandomStream(seed, 'test'));
}

/** HU of a nodule in the middle of empty lung, [81, 81, 81] of 0.5 mm. */
function rendered({ shape, tissue }: Nodule): Float32Array {
  const volume = newVolume(
    [side, side, side],
    [spacing, spacing, spacing],
    density.lung,
  );
  renderNodule(
    volume,
    { center: [middle, middle, middle], shape, tissue },
    blur,
  );
  return volume.voxels;
}

function at(hu: Float32Array, i: number, j: number, k: number): number {
  return hu[(k * side + j) * side + i] ?? NaN;
}

/** Faces between voxels above and below the threshold, by the 2/3 power of the voxels above it: 1 per shape, not size. */
function surfaceToVolume(hu: Float32Array): number {
  let faces = 0;
  let count = 0;
  const last = hu.length - side * side - side - 1;
  for (let index = 0; index < last; index++) {
    const inside = (hu[index] ?? NaN) > threshold;
    if (inside) count++;
    for (const step of [1, side, side * side]) {
      if (inside !== (hu[index + step] ?? NaN) > threshold) faces++;
    }
  }
  return faces / count ** (2 / 3);
}

/** Steepest fall between neighbours on the six half axes, HU per mm, mean of the six. */
function edgeGradient(hu: Float32Array): number {
  let sum = 0;
  for (const [x, y, z] of [
    [1, 0, 0],
    [-1, 0, 0],
    [0, 1, 0],
    [0, -1, 0],
    [0, 0, 1],
    [0, 0, -1],
  ] as const) {
    const along = Array.from({ length: 36 }, (_, s) =>
      at(hu, 40 + s * x, 40 + s * y, 40 + s * z),
    );
    const falls = along
      .slice(1)
      .map((value, s) => ((along[s] ?? NaN) - value) / spacing);
    sum += Math.max(...falls) / 6;
  }
  return sum;
}

/** Arithmetic over geometric mean of the three principal variances: 1 for a ball, more for anything longer. */
function elongation(hu: Float32Array): number {
  const c = [0, 0, 0, 0, 0, 0];
  let count = 0;
  for (let k = 0; k < side; k++) {
    for (let j = 0; j < side; j++) {
      for (let i = 0; i < side; i++) {
        if (at(hu, i, j, k) <= threshold) continue;
        const [x, y, z] = [i - 40, j - 40, k - 40];
        [x * x, y * y, z * z, x * y, x * z, y * z].forEach((product, n) => {
          c[n] = (c[n] ?? 0) + product;
        });
        count++;
      }
    }
  }
  const [xx, yy, zz, xy, xz, yz] = c.map((sum) => sum / count) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const determinant =
    xx * (yy * zz - yz * yz) -
    xy * (xy * zz - yz * xz) +
    xz * (xy * yz - yy * xz);
  return (xx + yy + zz) / 3 / Math.cbrt(determinant);
}

function meanWithin(hu: Float32Array, radius: number): number {
  let sum = 0;
  let count = 0;
  for (let k = 0; k < side; k++) {
    for (let j = 0; j < side; j++) {
      for (let i = 0; i < side; i++) {
        if (Math.hypot(i - 40, j - 40, k - 40) * spacing > radius) continue;
        sum += at(hu, i, j, k);
        count++;
      }
    }
  }
  return sum / count;
}

function highest(hu: Float32Array): number {
  return hu.reduce((most, value) => Math.max(most, value), -Infinity);
}

const seeds = [1, 2, 3, 4];
/** The measure at each of the values of an attribute, as a mean over several nodules. */
function measured(
  name: keyof Attributes,
  values: readonly number[],
  measure: (hu: Float32Array) => number,
): readonly number[] {
  return values.map((value) => {
    const all = seeds.map((seed) =>
      measure(rendered(nodule({ [name]: value }, { seed }))),
    );
    return all.reduce((sum, one) => sum + one, 0) / all.length;
  });
}

function expectRising(values: readonly number[], least: number): void {
  values.slice(1).forEach((value, i) => {
    expect(value).toBeGreaterThan((values[i] ?? NaN) + least);
  });
}

describe('renderNodule', () => {
  it.each([
    [{}],
    [{ lobulation: 5 }],
    [{ sphericity: 2 }],
    [{ lobulation: 4, sphericity: 3 }],
  ])('gives %o the volume of its diameter', (change) => {
    const hu = rendered(nodule(change));
    let volume = 0;
    for (const value of hu) {
      volume +=
        ((value - density.lung) / (density.soft - density.lung)) * spacing ** 3;
    }
    // Blur moves no mass but at curved edges, where it adds r σ² 4π: 2 % here; the direction grid errs by less than 1 %.
    expect(volume / ((4 / 3) * Math.PI * 7 ** 3)).toBeCloseTo(1, 1);
  });

  it('leaves what is far away as it was', () => {
    const hu = rendered(nodule({ margin: 1, spiculation: 5 }));
    expect(at(hu, 0, 0, 0)).toBe(density.lung);
    expect(at(hu, 80, 40, 40)).toBe(density.lung);
  });

  it('shows spiculation and lobulation as surface', () => {
    expectRising(measured('spiculation', [1, 3, 5], surfaceToVolume), 0.5);
    expectRising(measured('lobulation', [1, 3, 5], surfaceToVolume), 0.1);
  });

  it('shows a poor margin as a blurred edge', () => {
    expectRising(measured('margin', [1, 3, 5], edgeGradient), 50);
  });

  it('shows low sphericity as elongation', () => {
    expectRising(measured('sphericity', [5, 3.5, 2], elongation), 0.03);
  });

  it('shows texture as density, and a part-solid nodule as a core in ground glass', () => {
    expectRising(
      measured('texture', [1, 2.5, 4], (hu) => meanWithin(hu, 6)),
      50,
    );
    const partSolid = rendered(nodule({ texture: 3 }));
    expect(at(partSolid, 40, 40, 40)).toBeGreaterThan(-50);
    expect(at(partSolid, 51, 40, 40)).toBeLessThan(-250);
    expect(at(partSolid, 51, 40, 40)).toBeGreaterThan(-700);
  });

  it.each(Object.entries(calcifications).filter(([name]) => name !== 'absent'))(
    'shows calcification, %s, above the HU of tissue',
    (_, calcification) => {
      const hu = rendered(nodule({ calcification }));
      expect(highest(hu)).toBeGreaterThan(400);
      // Absent: nothing above soft tissue.
      expect(highest(rendered(nodule()))).toBeLessThanOrEqual(density.soft);
    },
  );

  it('shows internal structure at the centre', () => {
    const [soft, fluid, fat, air] = measured(
      'internalStructure',
      [1, 2, 3, 4],
      (hu) => at(hu, 40, 40, 40),
    );
    expect(soft).toBeCloseTo(density.soft, 0);
    expect(fluid).toBeCloseTo(density.fluid, 0);
    expect(fat).toBeCloseTo(density.fat, 0);
    expect(air).toBeLessThan(-900);
  });

  it('calls larger, denser nodules less subtle, and they stand out more', () => {
    const series = [
      nodule({ texture: 1.5 }, { diameter: 5, contrast: 0.8 }),
      nodule({ texture: 3 }, { diameter: 8, contrast: 0.8 }),
      nodule({}, { diameter: 14, contrast: 1 }),
    ];
    expectRising(
      series.map(({ attributes }) => attributes.subtlety),
      0.5,
    );
    expectRising(
      series.map((one) => meanWithin(rendered(one), 8)),
      20,
    );
  });
});
