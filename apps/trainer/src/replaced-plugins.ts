import {
  experimentDigest,
  foldPaths,
  listFolds,
  MissingRunFileError,
  readMetrics,
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
    epochs[fold] = await epochsDone(foldPaths(out, fold).metrics);
  }
  const { plugins } = experiment;
  const former = Array.isArray(plugins) ? (plugins as readonly unknown[]) : [];
  return [...before, { plugins: former, epochs }];
}

async function epochsDone(file: string): Promise<number> {
  try {
    const { epochs } = await readMetrics(file);
    return epochs.length;
  } catch (error) {
    if (error instanceof MissingRunFileError) return 0;
    throw error;
  }
}
