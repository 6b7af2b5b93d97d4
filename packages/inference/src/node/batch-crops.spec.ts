import { InconsistentRunError } from '@clip-lung/run';
import { NdArray } from '@clip-lung/tensor';
import { expect, it } from 'vitest';

import { batchCrops } from './batch-crops.js';

const dataset = {
  folder: 'data',
  crops: new NdArray('int16', [3, 1, 1, 2], Int16Array.of(1, 2, 3, 4, 5, 6)),
};
const places = new Map([
  ['a', 0],
  ['b', 1],
  ['c', 2],
]);

it('takes the crop of each nodule, and fills up with the first', () => {
  const { shape, data } = batchCrops([{ nodule: 'c' }, { nodule: 'b' }], {
    dataset,
    places,
    batchSize: 3,
  });
  expect(shape).toEqual([3, 1, 1, 2]);
  expect([...data]).toEqual([5, 6, 3, 4, 5, 6]);
});

it.each([
  ['that the dataset does not have', new Map([['b', 1]])],
  ['whose crop is missing', new Map([['a', 3]])],
])('refuses a nodule %s, instead of taking the first crop', (_, known) => {
  const take = (): unknown =>
    batchCrops([{ nodule: 'a' }], { dataset, places: known, batchSize: 1 });
  expect(take).toThrow(InconsistentRunError);
  expect(take).toThrow(/^data: has no crop of nodule a/);
});
