import { createHash } from 'node:crypto';

import { experimentDigest } from './digest.js';
import type { RunRecord } from './record.js';

/** What decides the results of a run's folds, but for the engine's rounding. */
type Decisive = Pick<
  RunRecord,
  'data' | 'experiment' | 'textModel' | 'textSha256'
>;

/**
 * Hex SHA-256 of all that decides the results of a run: its experiment, seed among it; what training takes from the dataset; the
 * text tower's weights; and the sources of its plugins. Runs of one identity are repetitions of each other. Where the dataset, the
 * weights and the plugins lie does not count, nor how often checkpoints are written, nor on what machine.
 *
 * @throws `NotJsonError` for an experiment that is not JSON
 */
export function runIdentity({
  experiment,
  data,
  textModel,
  textSha256,
}: Decisive): string {
  const { plugins, text, ...others } = experiment;
  const parts = [
    experimentDigest({
      ...others,
      text: withoutPlace(text, textSha256),
      plugins: Array.isArray(plugins) ? plugins.map(sourcesOf) : [],
    }),
    data.sha256 ?? null,
    textSha256 ?? textModel,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Weights that have a digest are known by it, wherever they lie. */
function withoutPlace(text: unknown, textSha256: string | null): unknown {
  if (textSha256 === null || typeof text !== 'object' || text === null) {
    return text;
  }
  return { ...text, model: undefined, revision: undefined, host: undefined };
}

function sourcesOf(plugin: unknown): unknown {
  if (typeof plugin !== 'object' || plugin === null) return plugin;
  return { ...plugin, folder: undefined, kept: undefined };
}
