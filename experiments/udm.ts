import { defineExperiment } from '@clip-lung/model';

/**
 * UDM, a baseline of CLIP-Lung's tables: one score between learnt thresholds, "unsure" in their middle, with the costs
 * of classes by the inverse of their frequency (Wu et al., Learning with unsure data for medical image diagnosis, ICCV
 * 2019). The paper's conservative and aggressive strategies are not followed.
 * Reported figure: see table 2 of arXiv 2304.08013 (to be checked against the PDF).
 * Its own paper is on Alzheimer's disease and lung nodules; its abstract has no figure.
 *
 * clip-lung train experiments/udm.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
  head: { use: 'unsure' },
  losses: [{ use: 'cost-sensitive' }],
});
