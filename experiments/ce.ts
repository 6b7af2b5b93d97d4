import { defineExperiment } from '@clip-lung/model';

/**
 * The image encoder alone, with cross-entropy: no text at all.
 *
 * clip-lung train experiments/ce.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
  losses: [{ use: 'cross-entropy' }],
});
