import { defineExperiment } from '@clip-lung/model';

/**
 * Beyond CLIP-Lung's tables: cross-entropy against the distribution of the readers' votes over the classes, instead of
 * one label.
 *
 * clip-lung train experiments/votes.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5, targets: 'votes' },
  image: { use: 'resnet18', groups: 4 },
  losses: [{ use: 'cross-entropy' }],
});
