import { MetricsInputError } from '../error.js';
import { drawOf } from './draw.js';
import { finiteOrNull, type ResampledFigure } from './resampled-figure.js';

/** How groups are drawn again. */
export interface ResampleOptions {
  /** uniform in [0, 1), so that a seeded one makes the interval reproducible. Of up to 65,536 groups, one call a group and resample */
  readonly random: () => number;
  /** 2000 by default */
  readonly resamples?: number;
  /** awaited about every hundredth of a second: whoever lets the event loop turn there is heard, and ends it by throwing */
  readonly pause?: () => Promise<void>;
}

const stepsBetweenPauses = 1_000_000;

/**
 * The figure of each resample: as many groups as there are, drawn with replacement, with all their cases.
 *
 * @returns null where the figure is undefined, in the order of the draws
 * @throws {@link MetricsInputError} for fewer than two groups, no resamples, random numbers outside of [0, 1), or a figure
 *   that is neither finite nor null
 */
export async function resample(
  { kinds, of, steps: stepsOfFigure }: ResampledFigure,
  { random, resamples = 2000, pause }: ResampleOptions,
): Promise<readonly (number | null)[]> {
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new MetricsInputError(
      `resamples is ${resamples}, expected at least 1`,
    );
  }
  const count = kinds.kindOf.length;
  if (count < 2) {
    throw new MetricsInputError(
      `there are ${count} groups, expected at least 2`,
    );
  }
  const { draw, steps } = drawOf(kinds);
  const found: (number | null)[] = [];
  let sincePause = 0;
  for (let index = 0; index < resamples; index++) {
    found.push(finiteOrNull(of(draw(random)), `of resample ${index}`));
    // An addition takes about a quarter of a draw.
    sincePause += Math.max(steps, stepsOfFigure / 4);
    if (sincePause < stepsBetweenPauses) continue;
    sincePause = 0;
    await pause?.();
  }
  return found;
}
