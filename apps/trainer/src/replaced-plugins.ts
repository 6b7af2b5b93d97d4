import {
  experimentDigest,
  foldPaths,
  type FoldPaths,
  listFolds,
  MissingRunFileError,
  readCheckpoint,
  type ReplacedPlugins,
  type RunRecord,
} from '@clip-lung/run';

/**
 * The plugins that a run will have gone on without: those that it says already, and those that it has now where they are
 * others than it is to go on with.
 */
export async function replacedPlugins(
  out: string,
  { experiment, replacedPlugins: before = [] }: RunRecord,
  now: RunRecord,
): Promise<readonly ReplacedPlugins[]> {
  if (experimentDigest(experiment) === experimentDigest(now.experiment)) {
    return before;
  }
  const epochs: Record<string, number> = {};
  for (const fold of await listFolds(out)) {
    epochs[fold] = await epochsDone(foldPaths(out, fold));
  }
  const { plugins } = experiment;
  const former = Array.isArray(plugins) ? (plugins as readonly unknown[]) : [];
  return [...before, { plugins: former, epochs }];
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
