import { defineExperiment } from '@clip-lung/model';

/**
 * CLIP-Lung as its published code has it (github.com/ymLeiFDU/CLIP-Lung), where that differs from the paper: nine
 * attributes with malignancy among them and its own spelling, a trained text tower, a logit scale without bound, other targets
 * of three losses, and a learning rate that falls once an epoch. See the preset in packages/model.
 *
 * clip-lung train experiments/published-code.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  preset: 'published-code',
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
});
