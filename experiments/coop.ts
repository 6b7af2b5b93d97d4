import { defineExperiment } from '@clip-lung/model';

/**
 * CoOp's prompts (Zhou et al., IJCV 2022, arXiv 2109.01134) in CLIP-Lung's frame: a learnt context, the same for all
 * nodules; classes only. It is also the ablation of CLIP-Lung with the image–class loss and without CCP.
 * Reported figure: none that we know of; see the tables of arXiv 2304.08013 (to be checked against the PDF).
 *
 * clip-lung train experiments/coop.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  text: { use: 'clip', model: 'Xenova/clip-vit-base-patch16' },
  prompt: { use: 'coop', template: 'a nodule image of {class}.' },
  losses: [{ use: 'cross-entropy' }, { use: 'image-class' }],
});
