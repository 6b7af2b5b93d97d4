import { filled, float32, ShapeError } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { difference, drawn, stored } from '../test/torch-fixture.js';
import { resample } from './resample.js';

const small = drawn('small', [2, 3, 4]);

describe('a map over more places', () => {
  it('is that of torch.nn.functional.interpolate, trilinear and bilinear', () => {
    expect(
      difference(resample(small, [5, 3, 9]), stored('trilinear')),
    ).toBeLessThan(1e-6);
    const slice = float32([3, 4], small.data.slice(0, 12));
    expect(
      difference(resample(slice, [7, 8]), stored('bilinear')),
    ).toBeLessThan(1e-6);
  });

  it('is the same over the places that it has', () => {
    expect(resample(small, small.shape)).toEqual(small);
  });

  it('has as many axes', () => {
    expect(() => resample(small, [8, 8])).toThrow(ShapeError);
    expect(() => resample(filled([0, 2]), [8, 8])).toThrow(
      'a map of [0, 2] cannot be shown over [8, 8]',
    );
  });
});
