import { defineExperiment } from '@clip-lung/model';

/**
 * Beyond CLIP-Lung's tables: cross-entropy in which rare classes count more, by the effective number of their nodules
 * (Cui et al., Class-balanced loss based on effective number of samples, CVPR 2019, arXiv 1901.05555).
 *
 * clip-lung train experiments/class-balanced.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
  losses: [{ use: 'class-balanced', beta: 0.999 }],
});
