/** The three classes of a nodule, by mean malignancy. */
export const labels = ['benign', 'unsure', 'malignant'] as const;

export type Label = (typeof labels)[number];

/**
 * How nodules are made of annotations. Both cluster as pylidc does; they differ in what a mean malignancy of exactly
 * 2.5 or 3.5 is, the bounds being exclusive or inclusive: unsure (`pylidc`), or benign and malignant (`inclusive`).
 */
export const rules = ['pylidc', 'inclusive'] as const;

export type Rule = (typeof rules)[number];

/** What of the readers' malignancy ratings decides the class. */
export const labelStatistics = ['mean', 'median'] as const;

export type LabelStatistic = (typeof labelStatistics)[number];

/** The class of a mean or median malignancy, 1 to 5: below 2.5 benign, above 3.5 malignant, else unsure. */
export function labelOf(malignancy: number, rule: Rule): Label {
  if (malignancy < 2.5 || (rule === 'inclusive' && malignancy === 2.5)) {
    return 'benign';
  }
  if (malignancy > 3.5 || (rule === 'inclusive' && malignancy === 3.5)) {
    return 'malignant';
  }
  return 'unsure';
}
