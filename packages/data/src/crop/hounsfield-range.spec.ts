import { expect, it } from 'vitest';

import { whyNotHounsfield } from './hounsfield-range.js';

/** Evenly from one value to the other, as a crop of the lung and of tissue is in HU from −1000 to 400. */
const crop = (low: number, high: number): number[] =>
  Array.from({ length: 101 }, (_, i) => low + (i * (high - low)) / 100);

it.each([
  ['lung and tissue', crop(-1000, 400)],
  ['a scanner that writes −2000 outside', crop(-2000, 3071)],
  ['fat and tissue alone', crop(-120, 80)],
])('takes %s for HU', (_, values) => {
  expect(whyNotHounsfield(values)).toBeUndefined();
});

it.each([
  ['0 to 1', crop(0, 1), /scaled to 0…1/],
  ['−1 to 1', crop(-1, 1), /scaled to −1…1/],
  ['8 bits', crop(0, 255), /8 bits/],
  ['air at 0', crop(24, 1424), /air at 0/],
  ['16 bits', crop(0, 65535), /air at 0/],
  ['standardised', crop(-2.5, 3), /standardised/],
  ['nothing but air', crop(-1000, -1000), /too small a range/],
  ['NaN', [...crop(-1000, 400), NaN], /holds NaN/],
  ['infinity', [-Infinity, 400], /holds -Infinity/],
])('asks about %s', (_, values, problem) => {
  expect(whyNotHounsfield(values)).toMatch(problem);
});
