import { defineGrid } from '@clip-lung/experiment';

/**
 * The methods of CLIP-Lung's tables (arXiv 2304.08013), and three more, on each sub-dataset: accuracy, macro F1 and AUC over
 * five seeds, and by how much each differs from CLIP-Lung on the same nodules.
 * Reported figures: see table 2 of the paper (to be checked against the PDF).
 * Five folds of 100 epochs are 900 cells; `--dry-run` tells how long they take on your machine.
 *
 * clip-lung ablate experiments/tables/methods.ts --data <dataset> --out <folder>
 */
export default defineGrid({
  base: '../clip-lung.ts',
  axes: {
    method: {
      'CLIP-Lung': {},
      'Cross-entropy': '../ce.ts',
      Poisson: '../poisson.ts',
      NSB: '../nsb.ts',
      UDM: '../udm.ts',
      CORF: '../corf.ts',
      'CLIP (fixed template)': '../clip.ts',
      CoOp: '../coop.ts',
      CoCoOp: '../cocoop.ts',
      'Focal loss': '../focal.ts',
      'Class-balanced loss': '../class-balanced.ts',
      'Readers’ votes': '../votes.ts',
    },
    'data.subset': ['A', 'B', 'C'],
  },
  seeds: 5,
});
