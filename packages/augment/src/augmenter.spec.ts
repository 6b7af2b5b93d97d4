import { RandomStream, ShapeError } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import {
  type Augmentation,
  AugmentationError,
  createAugmenter,
  flip,
  intensity,
  mixup,
  plainView,
  quarterTurn,
  shift,
  type View,
} from './index.js';

const nodule = (id: string, epoch = 0): RandomStream =>
  new RandomStream(1, 'augment', 'fold-0', `epoch-${epoch}`, id);

function views(
  choices: readonly Augmentation[],
  count: number,
): readonly View[] {
  const augmenter = createAugmenter(choices);
  return Array.from({ length: count }, (_, i) =>
    augmenter.view(nodule(`n${i}`)),
  );
}

const share = <T>(items: readonly T[], is: (item: T) => boolean): number =>
  items.filter(is).length / items.length;

describe('an augmenter', () => {
  const all: readonly Augmentation[] = [
    shift({ voxels: 3 }),
    flip(),
    quarterTurn({ planes: 'all' }),
    intensity({ gamma: 1.5 }),
    mixup(),
  ];

  it('of nothing leaves everything as it is', () => {
    const none = createAugmenter([]);
    expect(none).toMatchObject({ margin: 0, mixes: false });
    expect(none.view(nodule('a'))).toBe(plainView);
    expect(none.mixture(nodule('a'), 2, 8)).toEqual({ partner: 2, share: 1 });
  });

  it('is a function of the stream that it is given, and of nothing else', () => {
    const [one, other] = [createAugmenter(all), createAugmenter(all)];
    other.view(nodule('z')); // what was drawn before does not matter
    for (const id of ['a', 'b', 'c']) {
      expect(one.view(nodule(id))).toEqual(other.view(nodule(id)));
      expect(one.mixture(nodule(id), 0, 8)).toEqual(
        other.mixture(nodule(id), 0, 8),
      );
    }
    expect(one.view(nodule('a'))).not.toEqual(one.view(nodule('b')));
    expect(one.view(nodule('a'))).not.toEqual(one.view(nodule('a', 1)));
  });

  it('draws the same for an augmentation, whatever else there is', () => {
    const alone = views([intensity()], 20);
    const among = views([flip(), intensity(), mixup()], 20);
    expect(among.map(({ tone }) => tone)).toEqual(
      alone.map(({ tone }) => tone),
    );
  });

  it('flips along each of its axes half of the time', () => {
    const found = views([flip({ axes: ['z', 'x'] })], 4000);
    // Four standard errors of 0.5 of 4,000 are 0.032; of both at once, 0.027.
    for (const axis of [0, 2]) {
      const flips = share(found, (v) => v.orientation.reversed[axis] === true);
      expect(Math.abs(flips - 0.5)).toBeLessThan(0.032);
    }
    const both = share(
      found,
      ({ orientation: { reversed } }) => reversed[0] && reversed[2],
    );
    expect(Math.abs(both - 0.25)).toBeLessThan(0.028);
    expect(found.some((v) => v.orientation.reversed[1])).toBe(false);
  });

  it('turns by each angle equally often, in its planes', () => {
    const count = (found: readonly View[]): number[] => {
      const times = new Map<string, number>();
      for (const { orientation } of found) {
        const key = JSON.stringify(orientation);
        times.set(key, (times.get(key) ?? 0) + 1);
      }
      return [...times.values()];
    };
    const axial = views([quarterTurn()], 4000);
    expect(axial.every((v) => v.orientation.source[0] === 0)).toBe(true);
    const angles = count(axial);
    expect(angles).toHaveLength(4);
    // Chi-squared with 3 degrees of freedom: above 16.3 once in a thousand.
    const chi = angles.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(16.3);
    const anywhere = views([quarterTurn({ planes: 'all' })], 2000);
    expect(count(anywhere)).toHaveLength(10); // none, and three angles in three planes
  });

  it('shifts by every number of voxels within its bound, along every axis', () => {
    const found = views([shift({ voxels: 2 })], 2000);
    for (const axis of [0, 1, 2] as const) {
      expect([...new Set(found.map((v) => v.shift[axis]))].sort()).toEqual([
        -1, -2, 0, 1, 2,
      ]);
    }
    expect(createAugmenter([shift({ voxels: 2 })]).margin).toBe(2);
  });

  it('changes intensities within its bounds', () => {
    const found = views(
      [intensity({ offset: 30, scale: 0.1, gamma: 2 })],
      2000,
    ).map(({ tone }) => tone);
    const range = (values: number[]): number[] => [
      Math.min(...values),
      Math.max(...values),
    ];
    const [low = NaN, high = NaN] = range(found.map(({ offset }) => offset));
    expect([low >= -30, low < -29, high > 29, high <= 30]).not.toContain(false);
    const [least = NaN, most = NaN] = range(found.map(({ gain }) => gain));
    expect([
      least >= 0.9,
      least < 0.91,
      most > 1.09,
      most <= 1.1,
    ]).not.toContain(false);
    const powers = found.map(({ gamma }) => Math.log2(gamma));
    const [soft = NaN, hard = NaN] = range(powers);
    expect([soft >= -1, soft < -0.98, hard > 0.98, hard <= 1]).not.toContain(
      false,
    );
  });

  it('does nothing at a probability of 0', () => {
    const never: readonly Augmentation[] = [
      flip({ probability: 0 }),
      quarterTurn({ probability: 0 }),
      shift({ probability: 0 }),
      intensity({ probability: 0 }),
    ];
    for (const view of views(never, 50)) expect(view).toEqual(plainView);
  });

  it.each<[() => Augmentation, string]>([
    [
      () => flip({ probability: 2 }),
      'probability is 2, expected a number from 0 to 1',
    ],
    [
      () => quarterTurn({ probability: NaN }),
      'probability is NaN, expected a number from 0 to 1',
    ],
    [
      () => intensity({ gamma: 0.5 }),
      'gamma is 0.5, expected a number of at least 1',
    ],
    [
      () => intensity({ scale: 1 }),
      'scale is 1, expected a number from 0 to 0.99',
    ],
  ])('refuses %o', (make, message) => {
    expect(() => make()).toThrow(new AugmentationError(message));
  });

  it('refuses a shift by part of a voxel, and a name that is there twice', () => {
    expect(() => createAugmenter([shift({ voxels: 0.5 })])).toThrow(ShapeError);
    expect(() => createAugmenter([flip(), flip()])).toThrow(
      new AugmentationError('"flip" is listed twice'),
    );
  });
});
