import { createHash } from 'node:crypto';

import { toJson } from './json.js';

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, child]) => [name, sortKeys(child)]),
  );
}

function decisive(training: unknown): unknown {
  if (typeof training !== 'object' || training === null) return training;
  return { ...training, checkpointSteps: undefined };
}

/**
 * Hex SHA-256 of what decides the results of an experiment, its JSON but for `training.checkpointSteps`; the order of keys does
 * not matter.
 *
 * @throws `NotJsonError`
 */
export function experimentDigest({
  training,
  ...experiment
}: Readonly<Record<string, unknown>>): string {
  const canonical: unknown = JSON.parse(
    toJson({ ...experiment, training: decisive(training) }),
  );
  return createHash('sha256')
    .update(JSON.stringify(sortKeys(canonical)))
    .digest('hex');
}
