import { defineExperiment } from '@clip-lung/model';

/**
 * CoCoOp's prompts (Zhou et al., CVPR 2022, arXiv 2203.05557) in CLIP-Lung's frame: one bias for all context vectors, from
 * the mean of the channel groups; classes only.
 * Reported figure: see table 2 of arXiv 2304.08013 (to be checked against the PDF).
 *
 * clip-lung train experiments/cocoop.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  text: { use: 'clip', model: 'Xenova/clip-vit-base-patch16' },
  prompt: { use: 'cocoop', template: 'a nodule image of {class}.' },
  losses: [{ use: 'cross-entropy' }, { use: 'image-class' }],
});
