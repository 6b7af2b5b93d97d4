import { defineExperiment } from '@clip-lung/model';

/**
 * CLIP-Lung with an image encoder that sees a crop as a volume instead of its slices as channels: a 3D ResNet-18
 * (Hara et al., Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs and ImageNet?, arXiv 1711.09577). The rest is the
 * paper's. No figure is reported for it: it is a question of ours.
 *
 * At the same width it computes 45 times as much as the encoder of `clip-lung.ts`; at a quarter of it, 16 channels in the
 * first stage, 3 times as much.
 *
 * clip-lung train experiments/clip-lung-3d.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18-3d', groups: 4, width: 16 },
});
