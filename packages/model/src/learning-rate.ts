import { cosineSchedule } from '@clip-lung/optim';

/** When the learning rate falls along its cosine. */
export const ratesPer = ['step', 'epoch'] as const;

export type RatePer = (typeof ratesPer)[number];

/** What an experiment says of it. */
export interface LearningRate {
  readonly epochs: number;
  /** at the start of the cosine */
  readonly learningRate: number;
  readonly schedule: { readonly per: RatePer };
}

/**
 * The learning rate of each step of a fold. Per step it falls from the first step to the end of the last one; per epoch all
 * steps of an epoch e of E have base · (1 + cos(π·e/E)) / 2, as with PyTorch's `CosineAnnealingLR(optimizer, T_max=E)`, stepped
 * once at the end of every epoch.
 *
 * @returns the rate of a step, counted from 0 over all epochs
 */
export function learningRateOf(
  { epochs, learningRate: base, schedule: { per } }: LearningRate,
  stepsPerEpoch: number,
): (step: number) => number {
  if (per === 'step')
    return cosineSchedule({ base, steps: epochs * stepsPerEpoch });
  const rate = cosineSchedule({ base, steps: epochs });
  return (step) => rate(Math.floor(step / stepsPerEpoch));
}
