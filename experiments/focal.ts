import { defineExperiment } from '@clip-lung/model';

/**
 * Beyond CLIP-Lung's tables: the focal loss, in which nodules that are classified well count less (Lin et al., Focal
 * loss for dense object detection, ICCV 2017, arXiv 1708.02002).
 *
 * clip-lung train experiments/focal.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
  losses: [{ use: 'focal', gamma: 2 }],
});
