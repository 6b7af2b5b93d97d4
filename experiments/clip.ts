import { defineExperiment } from '@clip-lung/model';

/**
 * CLIP's text features of a fixed template (Radford et al. 2021, arXiv 2103.00020) in CLIP-Lung's frame: no prompt is
 * learnt; classes only.
 * Reported figure: see table 2 of arXiv 2304.08013 (to be checked against the PDF).
 *
 * clip-lung train experiments/clip.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  text: { use: 'clip', model: 'Xenova/clip-vit-base-patch16' },
  prompt: { use: 'fixed', template: 'a nodule image of {class}.' },
  losses: [{ use: 'cross-entropy' }, { use: 'image-class' }],
});
