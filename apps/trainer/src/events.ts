import type { EpochMetrics } from '@clip-lung/run';

import type { FoldResult } from './fold-result.js';

/** What happens in a run, for whoever shows it. Folds and epochs are counted from 0. */
export type TrainingEvent =
  | {
      /** what whoever watches should know */
      readonly kind: 'note';
      readonly fold: number;
      readonly message: string;
    }
  | {
      readonly kind: 'fold-start';
      readonly fold: number;
      /** nodules to learn from, to choose the best epoch by, and to test on */
      readonly train: number;
      readonly validation: number;
      readonly test: number;
      /** the first epoch to train: above 0 when a run goes on */
      readonly fromEpoch: number;
      /** steps that are done already */
      readonly fromStep: number;
      readonly epochs: number;
      readonly stepsPerEpoch: number;
      /** full batches, of which a step takes the mean gradient */
      readonly batchesPerStep: number;
      /** nodules that an epoch's last step would need more of: they wait for another epoch, in which the order is another */
      readonly leftOut: number;
      /**
       * what the weights before the first step weigh in the moving average after the last one, 0 to 1: near 1, what is tested
       * has hardly learnt
       */
      readonly startInAverage: number;
    }
  | {
      readonly kind: 'step';
      readonly fold: number;
      readonly epoch: number;
      readonly step: number;
    }
  | {
      readonly kind: 'epoch';
      readonly fold: number;
      readonly metrics: EpochMetrics;
      readonly isBest: boolean;
    }
  | ({ readonly kind: 'fold-end' } & FoldResult);

export type OnTrainingEvent = (event: TrainingEvent) => void;
