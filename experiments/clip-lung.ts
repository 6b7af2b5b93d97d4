import { defineExperiment } from '@clip-lung/model';

/**
 * CLIP-Lung on LIDC-A, as the paper describes it (arXiv 2304.08013).
 * Reported figure: 60.9 ± 0.4 % accuracy (to be checked against the PDF).
 *
 * clip-lung train experiments/clip-lung.ts --data <dataset> --out <run>
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
    { use: 'class-attribute', weight: 0.5 },
  ],
  training: {
    epochs: 100,
    batchSize: 32,
    learningRate: 1e-3,
    momentum: 0.9,
    weightDecay: 5e-5,
    ema: 0.999,
    seed: 1,
  },
});
