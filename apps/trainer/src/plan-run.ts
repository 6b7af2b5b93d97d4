import { splitFold } from '@clip-lung/data';
import { exampleInputs } from '@clip-lung/model';

import { countSteps } from './fits-dataset.js';
import {
  type PreparedRun,
  type RunOptions,
  withPreparedRun,
} from './prepare-run.js';

/** What a run would take, before it begins. */
export interface RunPlan {
  /** of all epochs, of each of its folds, if none ends early */
  readonly steps: readonly number[];
  /** of one step, the median of a few; null where it was not asked for */
  readonly secondsPerStep: number | null;
}

/**
 * Finds whether an experiment can be trained on a dataset, as `trainRun` does before it writes anything: its first step is
 * traced.
 *
 * @param isTimed whether a few steps are run, too, to tell how long training takes here
 * @throws `ExperimentError` for what does not fit, `TrainingError` for a fold that is not there
 */
export function planRun(
  options: RunOptions,
  { isTimed = false }: { readonly isTimed?: boolean } = {},
): Promise<RunPlan> {
  return withPreparedRun(options, async (prepared) => {
    const { training, data } = prepared.experiment;
    const steps = prepared.folds.map((fold) => {
      const { seed, epochs } = training;
      const split = splitFold(options.dataset, { ...data, fold, seed });
      return epochs * countSteps(split, { ...training, fold });
    });
    return { steps, secondsPerStep: isTimed ? await timeStep(prepared) : null };
  });
}

/** Enough to pass over the first, which makes memory ready. */
const timedSteps = 5;

async function timeStep({
  experiment,
  folds,
  program,
}: PreparedRun): Promise<number> {
  const { batchSize, accumulate } = experiment.training;
  const state = program.begin(folds[0] ?? 0);
  const inputs = exampleInputs(program.model, batchSize);
  const seconds: number[] = [];
  for (let i = 0; i < timedSteps; i++) {
    const began = performance.now();
    for (let batch = 1; batch < accumulate; batch++) {
      await program.addGradients.run(state, inputs);
    }
    await program.step.run(state, inputs);
    seconds.push((performance.now() - began) / 1000);
  }
  const sorted = seconds.slice(1).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
