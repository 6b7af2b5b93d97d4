import { defineExperiment } from '@clip-lung/model';

/**
 * NSB, a baseline of CLIP-Lung's tables: each class breaks its share off what the classes before it have left of a
 * stick (Liu et al., Ordinal regression with neuron stick-breaking for medical diagnosis, ECCV Workshops 2018).
 * Reported figure: see table 2 of arXiv 2304.08013 (to be checked against the PDF).
 * Its own paper has none on LIDC-IDRI: it is on diabetic retinopathy and breast ultrasound, by its abstract.
 *
 * clip-lung train experiments/nsb.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
  head: { use: 'stick-breaking' },
  losses: [{ use: 'cross-entropy' }],
});
