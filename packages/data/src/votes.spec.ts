import { type Label, labelOf, labels } from '@clip-lung/lidc';
import { describe, expect, it } from 'vitest';

import { OptionError } from './errors.js';
import { votes } from './votes.js';

const two: readonly Label[] = ['benign', 'malignant'];

describe('votes', () => {
  it('counts 1 and 2 as benign, 3 as unsure, 4 and 5 as malignant', () => {
    const shares = (...malignancyRatings: number[]): number[] =>
      votes({ label: 'unsure', malignancyRatings }, labels);
    expect(shares(1, 2, 3, 4)).toEqual([0.5, 0.25, 0.25]);
    expect(shares(3, 4, 5, 5)).toEqual([0, 0.25, 0.75]);
    expect(shares(2)).toEqual([1, 0, 0]);
  });

  it('follows the order of the classes', () => {
    const nodule = {
      label: 'unsure',
      malignancyRatings: [1, 5, 5, 5],
    } as const;
    expect(votes(nodule, ['malignant', 'benign'])).toEqual([0.75, 0.25]);
  });

  it('gives readers no vote whose class is not asked for', () => {
    const nodule = {
      label: 'benign',
      malignancyRatings: [1, 3, 3, 1],
    } as const;
    expect(votes(nodule, two)).toEqual([1, 0]);
  });

  it('takes the label where no reader has a vote', () => {
    for (const malignancyRatings of [[], [3, 3]]) {
      expect(votes({ label: 'malignant', malignancyRatings }, two)).toEqual([
        0, 1,
      ]);
    }
    expect(() =>
      votes({ label: 'unsure', malignancyRatings: [3, 3] }, two),
    ).toThrow(OptionError);
  });

  it('decides on a reader of several pieces as the rule does on nodules', () => {
    const nodule = { label: 'unsure', malignancyRatings: [2.5, 3.5] } as const;
    expect(votes(nodule, labels)).toEqual([0, 1, 0]);
    expect(votes(nodule, labels, 'inclusive')).toEqual([0.5, 0, 0.5]);
  });

  it('is the label, one-hot, where a nodule has one reader', () => {
    for (const rating of [1, 2, 3, 4, 5]) {
      const label = labelOf(rating, 'pylidc');
      expect(votes({ label, malignancyRatings: [rating] }, labels)).toEqual(
        labels.map((name) => (name === label ? 1 : 0)),
      );
    }
  });
});
