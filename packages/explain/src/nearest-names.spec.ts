import { describe, expect, it } from 'vitest';

import { nearestNames } from './nearest-names.js';

describe('the nearest names', () => {
  it('are those of which the fewest letters have to be changed, in order', () => {
    const names = ['LIDC-0001-2', 'LIDC-0001-1', 'LIDC-0310-1', 'other'];
    expect(nearestNames('LIDC-0001-3', names, 3)).toEqual([
      ...['LIDC-0001-1', 'LIDC-0001-2', 'LIDC-0310-1'],
    ]);
    expect(nearestNames('', names, 1)).toEqual(['other']);
    expect(nearestNames('kitten', ['sitting', 'mitten'])).toEqual([
      ...['mitten', 'sitting'],
    ]);
  });
});
