import { defineGrid } from '@clip-lung/experiment';

const IC = { use: 'image-class' };
const IA = { use: 'image-attribute', weight: 1 };
const CA = { use: 'class-attribute', weight: 0.5 };
const CE = { use: 'cross-entropy' };

/**
 * CLIP-Lung's ablation (arXiv 2304.08013): the terms of its loss beside cross-entropy, image–class (IC), image–attribute (IA) and
 * class–attribute (CA), with prompts conditioned by channels (CCP) and without, on LIDC-A. Without CCP there is one learnt context
 * for all nodules, as CoOp's; that this takes its place is our reading.
 * Reported figures: see the ablation table of the paper (to be checked against the PDF).
 *
 * clip-lung ablate experiments/tables/terms.ts --data <dataset> --out <folder>
 */
export default defineGrid({
  base: '../clip-lung.ts',
  axes: {
    terms: {
      'IC + IA + CA': {},
      'IC + IA': { losses: [CE, IC, IA] },
      'IC + CA': { losses: [CE, IC, CA] },
      IC: { losses: [CE, IC] },
      none: '../ce.ts',
    },
    prompts: {
      CCP: {},
      'no CCP': { 'prompt.use': 'coop' },
    },
  },
  seeds: 5,
  // Cross-entropy alone has no prompts.
  unless: ({ terms, prompts }) => terms === 'none' && prompts === 'no CCP',
});
