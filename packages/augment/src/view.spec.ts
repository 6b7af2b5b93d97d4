import { readFile } from 'node:fs/promises';

import { RandomStream, ShapeError } from '@clip-lung/tensor';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  type Axis,
  flipped,
  plainView,
  shift,
  turned,
  type View,
  viewCrop,
} from './index.js';

type Operation =
  | readonly ['flip', Axis]
  | readonly ['turn', Axis, Axis]
  | readonly ['shift', number, number, number];

let cases: readonly {
  readonly operations: readonly Operation[];
  readonly image: readonly number[];
}[];

beforeAll(async () => {
  const url = new URL('../fixtures/numpy.json', import.meta.url);
  cases = JSON.parse(await readFile(url, 'utf8')) as typeof cases;
});

/** A window that maps HU 0 to 1000 to 0..1 shows the voxels' numbers. */
const window = { low: 0, high: 1000 };
const sizes = { stored: 5, size: 3, window };
const crop = Int16Array.from({ length: 125 }, (_, i) => i);

function look(view: View, from = crop, given = sizes): number[] {
  const image = new Float32Array(given.size ** 3);
  viewCrop(from, view, given, image);
  return Array.from(image, (value) => Math.round(value * 1000));
}

/** A stream that gives the whole numbers which make `shift` go these ways. */
class Ways extends RandomStream {
  readonly #left: number[];

  constructor(ways: readonly number[]) {
    super(1);
    this.#left = ways.map((way) => way + 1);
  }

  override integer(): number {
    return this.#left.shift() ?? NaN;
  }
}

function changed(view: View, operation: Operation): View {
  const [name, ...given] = operation;
  if (name === 'shift') {
    return shift({ voxels: 1 }).change(view, new Ways(given as number[]));
  }
  const { orientation } = view;
  const [from = 'z', to] = given as readonly Axis[];
  return {
    ...view,
    orientation:
      to === undefined
        ? flipped(orientation, from)
        : turned(orientation, [from, to]),
  };
}

describe('a view of a crop', () => {
  it('is what np.flip, np.rot90 and slices make of it, however composed', () => {
    expect(cases.length).toBeGreaterThan(40);
    for (const { operations, image } of cases) {
      const view = operations.reduce(changed, plainView);
      expect(look(view), JSON.stringify(operations)).toEqual(image);
    }
  });

  it('is the same after four turns, and after two flips', () => {
    const views = [
      ...(
        [
          ['y', 'x'],
          ['z', 'x'],
          ['z', 'y'],
        ] as const
      ).map((plane) =>
        [1, 2, 3, 4].reduce(
          (orientation) => turned(orientation, plane),
          plainView.orientation,
        ),
      ),
      ...(['z', 'y', 'x'] as const).map((axis) =>
        flipped(flipped(plainView.orientation, axis), axis),
      ),
    ];
    for (const orientation of views) {
      expect(orientation).toEqual(plainView.orientation);
    }
  });

  it('reaches each of the 48 orientations of a cube, and each is another', () => {
    const planes = [
      ['y', 'x'],
      ['z', 'x'],
    ] as const;
    const known = new Map([[look(plainView).join(), plainView]]);
    for (const view of known.values()) {
      const next = [
        ...planes.map((plane) => turned(view.orientation, plane)),
        flipped(view.orientation, 'z'),
      ];
      for (const orientation of next) {
        const found = { ...view, orientation };
        known.set(look(found).join(), known.get(look(found).join()) ?? found);
      }
    }
    expect(known.size).toBe(48);
  });

  it('clips HU to the window, after the attenuation was scaled and HU were added', () => {
    const hu = Int16Array.of(-1000, -500, 0, 500, 3000, -3000, 399, 400);
    const given = { stored: 2, size: 2, window: { low: -1000, high: 400 } };
    const found = new Float32Array(8);
    const tone = { gain: 1.1, offset: -20, gamma: 2 };
    viewCrop(hu, { ...plainView, tone }, given, found);
    hu.forEach((value, i) => {
      const changedHu = (value + 1000) * 1.1 - 1000 - 20;
      const scaled = Math.min(Math.max((changedHu + 1000) / 1400, 0), 1);
      expect(found[i]).toBeCloseTo(scaled ** 2, 6);
    });
    expect(found[7]).toBe(1); // 520 HU
    expect(found[0]).toBe(0); // −1020 HU
  });

  it('refuses arrays of another size, and what leaves the crop', () => {
    expect(() => look(plainView, crop.subarray(1))).toThrow(
      new ShapeError(
        'the crop has 124 voxels and the image 27, expected 5³ and 3³',
      ),
    );
    expect(() => look({ ...plainView, shift: [0, 2, 0] })).toThrow(
      new ShapeError(
        'an image of 3³ cannot be taken from a crop of 5³ at [0, 2, 0] voxels from its middle',
      ),
    );
    // There is no middle of 4³ in 5³.
    expect(() => look(plainView, crop, { ...sizes, size: 4 })).toThrow(
      ShapeError,
    );
  });
});
