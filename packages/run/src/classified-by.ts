/**
 * What a run's test nodules were classified by: `head`, the classifier head, as `train` writes and inference does; or
 * `texts`, the nearness of their image features to the text features of the classes.
 */
export const waysToClassify = ['head', 'texts'] as const;

export type ClassifiedBy = (typeof waysToClassify)[number];
