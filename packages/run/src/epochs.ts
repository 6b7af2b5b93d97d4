import { z } from 'zod';

import { checkJson } from './json.js';
import { runPaths } from './paths.js';
import type { RunRecord } from './record.js';

const schema = z.looseObject({
  training: z.looseObject({ epochs: z.int().positive() }),
});

/** How many epochs the folds of a run are to have; null for an experiment that does not say. */
export function epochsIn(experiment: RunRecord['experiment']): number | null {
  return schema.safeParse(experiment).data?.training.epochs ?? null;
}

/**
 * The same, of a run whose training depends on it.
 *
 * @throws `RunFileError` for an experiment that does not say
 */
export function epochsOf({
  experiment,
}: Pick<RunRecord, 'experiment'>): number {
  const file = runPaths('').experiment;
  return checkJson(experiment, schema, file).training.epochs;
}

/** A recorded experiment with another number of epochs. */
export function withEpochs(
  experiment: RunRecord['experiment'],
  epochs: number,
): RunRecord['experiment'] {
  const { training } = experiment;
  const others = typeof training === 'object' ? training : {};
  return { ...experiment, training: { ...others, epochs } };
}
