import { defineExperiment } from '@clip-lung/model';

/**
 * Ablation of CLIP-Lung (arXiv 2304.08013): cross-entropy with the image–class and image–attribute losses, and prompts
 * conditioned by channels. Cross-entropy alone is ce.ts, all terms are clip-lung.ts.
 * Reported figure: see the ablation table of arXiv 2304.08013 (to be checked against the PDF).
 *
 * clip-lung train experiments/ablation-ic-ia.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
  text: { use: 'clip', model: 'Xenova/clip-vit-base-patch16' },
  prompt: {
    use: 'channel-conditional',
    template: 'a nodule image of {class}.',
    attributeTemplate: 'the nodule is {attribute}.',
  },
  losses: [
    { use: 'cross-entropy' },
    { use: 'image-class' },
    { use: 'image-attribute', weight: 1 },
  ],
});
