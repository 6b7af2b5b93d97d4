import { describe, expect, it } from 'vitest';

import { attributeAgreement } from './attribute-agreement.js';

describe('scores of attributes against ratings', () => {
  it('are compared by rank, and as high against low ratings', () => {
    const scores = [[0.9], [0.1], [0.5], [0.2], [0.4]];
    const ratings = [[5], [1], [4], [3], [2]];
    // Of high (0.9, 0.5) and low (0.1, 0.4), every high one scores above every low one. Ranks: 5 1 4 2 3 and 5 1 4 3 2.
    expect(attributeAgreement(['margin'], scores, ratings)).toEqual([
      {
        ...{ attribute: 'margin', nodules: 5, auroc: 1, high: 2, low: 2 },
        rankCorrelation: expect.closeTo(1 - (6 * 2) / (5 * 24), 12) as number,
      },
    ]);
  });

  it('leave out nodules that are not rated, and have no value where there is nothing to compare', () => {
    const found = attributeAgreement(
      ['margin', 'texture', 'subtlety'],
      [
        [0.1, 0.2, 0.3],
        [0.3, 0.2, 0.1],
        [0.2, 0.2, 0.2],
      ],
      [
        [1, 3, NaN],
        [4, 4, NaN],
        [NaN, 5, NaN],
      ],
    );
    expect(found).toEqual([
      {
        ...{ attribute: 'margin', nodules: 2, rankCorrelation: 1 },
        ...{ auroc: 1, high: 1, low: 1 },
      },
      {
        ...{ attribute: 'texture', nodules: 3, rankCorrelation: null },
        ...{ auroc: null, high: 2, low: 0 },
      },
      {
        ...{ attribute: 'subtlety', nodules: 0, rankCorrelation: null },
        ...{ auroc: null, high: 0, low: 0 },
      },
    ]);
  });

  it('refuse lists of other lengths', () => {
    expect(() => attributeAgreement(['margin'], [[1]], [])).toThrow(
      'scores of 1 nodules, and ratings of 0',
    );
  });
});
