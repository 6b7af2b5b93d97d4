import {
  epochsOf,
  experimentDigest,
  foldPaths,
  type FoldPaths,
  listFolds,
  MissingRunFileError,
  readCheckpoint,
  type RunRecord,
  withEpochs,
} from '@clip-lung/run';

/** A run's record as it is changed, with what it was before and how far its folds were by then. */
export async function withHistory(
  out: string,
  earlier: RunRecord,
  changed: RunRecord,
): Promise<RunRecord> {
  const epochs: Record<string, number> = {};
  for (const fold of await listFolds(out)) {
    epochs[fold] = await epochsDone(foldPaths(out, fold));
  }
  const from = epochsOf(earlier);
  const isLonger = epochsOf(changed) !== from;
  const { replacedPlugins = [], extended = [] } = earlier;
  const samePlugins =
    experimentDigest(withEpochs(changed.experiment, from)) ===
    experimentDigest(earlier.experiment);
  const { plugins } = earlier.experiment;
  const former = Array.isArray(plugins) ? (plugins as readonly unknown[]) : [];
  return {
    ...changed,
    ...(!samePlugins && {
      replacedPlugins: [...replacedPlugins, { plugins: former, epochs }],
    }),
    ...(isLonger && { extended: [...extended, { from, epochs }] }),
  };
}

async function epochsDone(paths: FoldPaths): Promise<number> {
  try {
    const { info } = await readCheckpoint(paths, 'last');
    return info.epoch;
  } catch (error) {
    if (error instanceof MissingRunFileError) return 0;
    throw error;
  }
}
