import { asRecorded } from '@clip-lung/model';
import { experimentDigest, type RunRecord, runPaths } from '@clip-lung/run';

import { TrainingError } from './errors.js';

/**
 * Holds what a run goes on with to what it began with. Folds of two datasets would put a patient on both sides of a split,
 * and no figure would show it.
 *
 * @throws {@link TrainingError} that names what differs
 */
export function expectSameRun(
  out: string,
  earlier: RunRecord,
  now: RunRecord,
): void {
  const file = runPaths(out).experiment;
  const began = asRecorded(earlier.experiment);
  if (experimentDigest(began) !== experimentDigest(now.experiment)) {
    throw new TrainingError(
      `${file}: holds a different experiment: ${difference(began, now.experiment)}; choose another folder, or give that file as the experiment. --resume gives a run more epochs, and nothing else`,
    );
  }
  const dataset = earlier.data.sha256;
  if (dataset !== undefined && dataset !== now.data.sha256) {
    throw new TrainingError(
      `${file}: the run began with a different dataset (${earlier.data.folder}, now ${now.data.folder}): nodules, labels, folds or crops differ; give that dataset, or choose another folder`,
    );
  }
  // Weights without a file are known by their name, which says how they were drawn.
  const weights = ({ textModel, textSha256 }: RunRecord): string =>
    textSha256 ?? textModel;
  if (weights(earlier) !== weights(now)) {
    throw new TrainingError(
      `${file}: the run began with a different text tower (${nameOf(earlier)}, now ${nameOf(now)}); give that one, or choose another folder`,
    );
  }
}

function nameOf({ textModel, textSha256 }: RunRecord): string {
  return textSha256 === null
    ? textModel
    : `${textModel}, SHA-256 ${textSha256}`;
}

/** The first field in which two experiments differ: `training.epochs is 13, there it is 12`. */
function difference(there: unknown, here: unknown): string {
  const [was, is] = [valuesOf(there), valuesOf(here)];
  const path = [...new Set([...is.keys(), ...was.keys()])].find(
    (name) =>
      name !== 'training.checkpointSteps' && is.get(name) !== was.get(name),
  );
  return path === undefined
    ? 'their fields differ'
    : `${path} is ${is.get(path) ?? 'not there'}, in that file it is ${was.get(path) ?? 'not there'}`;
}

/** Every value of some JSON as text, by its path. */
function valuesOf(value: unknown, path = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null) {
    return new Map([[path, JSON.stringify(value)]]);
  }
  const list = Array.isArray(value);
  if (Object.keys(value).length === 0)
    return new Map([[path, list ? '[]' : '{}']]);
  return new Map(
    Object.entries(value).flatMap(([name, child]) => [
      ...valuesOf(
        child,
        list ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`,
      ),
    ]),
  );
}
