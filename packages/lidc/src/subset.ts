/**
 * The sub-datasets of the paper: A has all classes in training and test; B all in training, benign and malignant in test;
 * C benign and malignant in both. Of a dataset whose classes are not LIDC-IDRI's there is A alone.
 *
 * @see CLIP-Lung (arXiv 2304.08013), §3.1
 */
export const subsets = ['A', 'B', 'C'] as const;

export type Subset = (typeof subsets)[number];

/**
 * What the share of a training part that chooses the best epoch counts: patients, or, as runs did before there was a choice,
 * nodules, whose patients are kept together.
 */
export const validationUnits = ['patients', 'nodules'] as const;

export type ValidationUnit = (typeof validationUnits)[number];
