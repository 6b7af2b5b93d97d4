import { defineExperiment } from '@clip-lung/model';

/**
 * CORF, a baseline of CLIP-Lung's tables: a forest of soft trees, whose leaves hold ordinal distributions (Zhu et al.,
 * Convolutional ordinal regression forest for image ordinal estimation, TNNLS 2021, arXiv 2008.03077). Leaves are
 * learnt by gradient with the rest; sizes are ours.
 * Reported figure: see table 2 of arXiv 2304.08013 (to be checked against the PDF).
 * Its own paper has none on LIDC-IDRI: it is on the age of faces and the aesthetics of images, by its abstract.
 *
 * clip-lung train experiments/corf.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
  head: { use: 'ordinal-forest', trees: 5, depth: 4, units: 64, seed: 1 },
  losses: [{ use: 'ordinal-cross-entropy' }],
});
