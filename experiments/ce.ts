import { defineExperiment } from '@clip-lung/model';

/**
 * Cross-entropy, a baseline of CLIP-Lung's tables: the image encoder alone, no text at all.
 * Reported figure: see table 2 of arXiv 2304.08013 (to be checked against the PDF).
 *
 * clip-lung train experiments/ce.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
  losses: [{ use: 'cross-entropy' }],
});
