import { defineExperiment } from '@clip-lung/model';

/**
 * Poisson, a baseline of CLIP-Lung's tables: one output, and classes as the counts of a Poisson distribution, so that
 * their probabilities have one peak (Beckham and Pal, Unimodal probability distributions for deep ordinal
 * classification, ICML 2017, arXiv 1705.05278). The temperature is learnt.
 * Reported figure: see table 2 of arXiv 2304.08013 (to be checked against the PDF).
 *
 * clip-lung train experiments/poisson.ts --data <dataset> --out <run>
 */
export default defineExperiment({
  data: { subset: 'A', folds: 5 },
  image: { use: 'resnet18', groups: 4 },
  head: { use: 'poisson', temperature: 1, learnTemperature: true },
  losses: [{ use: 'cross-entropy' }],
});
