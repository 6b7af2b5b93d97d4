import {
  constantSchedule,
  cosineSchedule,
  oneCycleSchedule,
  type Schedule,
  type ScheduledRun,
  stepSchedule,
} from '@clip-lung/optim';
import { OptionShapeError } from '@clip-lung/tensor';
import { z } from 'zod';

import { count, share } from '../bounds.js';
import { Registry } from '../registry.js';

const mostEpochs = 100_000;

/**
 * Epochs in which the rate rises, not always whole. So it is as long a part of a training whatever the batch size and the number of
 * nodules are, which a count of steps would not be.
 */
const warmup = z.number().min(0).max(mostEpochs);

/** How the learning rate changes from step to step. */
export const schedules = new Registry<Record<string, never>, Schedule>(
  'schedule',
)
  .add({
    name: 'cosine',
    options: z.strictObject({
      /** whether the rate changes with every step, or once an epoch */
      per: z.enum(['step', 'epoch']).default('step'),
      /** the rate at its end */
      final: z.number().min(0).max(1e30).default(0),
      warmup: warmup.default(0),
    }),
    create:
      ({ per, final, warmup }) =>
      (step, run) => {
        if (final > run.base) {
          throw new OptionShapeError(
            'final',
            `is ${final}, above training.learningRate, ${run.base}`,
          );
        }
        const { base, epochs, stepsPerEpoch } = run;
        if (per === 'step') {
          return cosineSchedule({
            ...{ base, final, steps: run.steps },
            warmup: stepsOf(warmup, run),
          })(step);
        }
        if (!Number.isInteger(warmup)) {
          throw new OptionShapeError(
            'warmup',
            `is ${warmup}, expected whole epochs, as the rate changes once an epoch; set training.schedule.per to "step", or warmup to ${Math.ceil(warmup)}`,
          );
        }
        return cosineSchedule({
          ...{ base, final, steps: epochs },
          warmup: stepsOf(warmup, { ...run, steps: epochs, stepsPerEpoch: 1 }),
        })(Math.floor(step / stepsPerEpoch));
      },
  })
  .add({
    name: 'step',
    options: z.strictObject({
      /** epochs from one fall to the next */
      every: count(mostEpochs).default(30),
      /** what the rate is multiplied by at each */
      factor: share.positive().default(0.1),
      warmup: warmup.default(0),
    }),
    create:
      ({ every, factor, warmup }) =>
      (step, run) =>
        stepSchedule({
          ...{ base: run.base, factor, every: every * run.stepsPerEpoch },
          warmup: stepsOf(warmup, run),
        })(step),
  })
  .add({
    name: 'constant',
    options: z.strictObject({ warmup: warmup.default(0) }),
    create:
      ({ warmup }) =>
      (step, run) =>
        constantSchedule({ base: run.base, warmup: stepsOf(warmup, run) })(
          step,
        ),
  })
  .add({
    name: 'one-cycle',
    options: z.strictObject({
      /** of its rise; null for three tenths of the training */
      warmup: warmup.nullable().default(null),
      /** it starts at the learning rate divided by it */
      divFactor: z.number().min(1).max(1e6).default(25),
      /** it ends at the rate of its start divided by it */
      finalDivFactor: z.number().min(1).max(1e12).default(1e4),
    }),
    create:
      ({ warmup, ...factors }) =>
      (step, run) =>
        oneCycleSchedule({
          ...{ base: run.base, steps: run.steps, ...factors },
          ...(warmup !== null && { warmup: stepsOf(warmup, run) }),
        })(step),
  });

/** The steps of a warm-up, rounded; fewer than there are, so that the rate is reached. */
function stepsOf(
  warmup: number,
  { steps, stepsPerEpoch, epochs }: ScheduledRun,
): number {
  if (warmup > 0 && warmup >= epochs) {
    throw new OptionShapeError(
      'warmup',
      `is ${warmup} of the training's ${epochs} epochs, expected fewer than all`,
    );
  }
  return Math.min(Math.round(warmup * stepsPerEpoch), steps - 1);
}
