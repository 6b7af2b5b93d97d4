import { labelOf, type Rule } from '@clip-lung/lidc';

import { OptionError } from './errors.js';

/**
 * How the readers of a nodule would divide it among classes: each reader's own rating of malignancy is put into a class
 * by the rule that labels nodules. Whole ratings are benign below 3, unsure at 3, malignant above, by either rule. Where a
 * reader drew the nodule in several pieces and rated them differently, it is that reader's mean, 2.5 say, that the rule
 * decides on. Readers whose class is not among the classes have no vote: an unsure one among benign and malignant.
 *
 * @param nodule of a dataset
 * @param classes to divide it among
 * @param rule of the dataset's manifest, which matters for means of a reader's ratings alone
 * @returns the share of the readers with a vote for each class, together 1; where no reader has one, or the source has no
 *   ratings, all of it for the nodule's label
 * @throws {@link OptionError} where the label would have to stand for the readers and is not among the classes
 */
export function votes(
  nodule: {
    readonly label: string;
    readonly malignancyRatings: readonly number[];
  },
  classes: readonly string[],
  rule: Rule = 'pylidc',
): number[] {
  const { label, malignancyRatings } = nodule;
  const counts = classes.map(
    (name) =>
      malignancyRatings.filter((rating) => labelOf(rating, rule) === name)
        .length,
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total > 0) return counts.map((count) => count / total);
  if (!classes.includes(label)) {
    throw new OptionError(
      `a nodule labelled ${label} has no reader's vote for ${classes.join(' or ')}, nor is its label one of them; leave it out`,
    );
  }
  return classes.map((name) => (name === label ? 1 : 0));
}
