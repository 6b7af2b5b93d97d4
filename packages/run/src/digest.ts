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

/** Hex SHA-256 of an experiment's JSON; the order of keys does not matter. @throws `NotJsonError` */
export function experimentDigest(
  experiment: Readonly<Record<string, unknown>>,
): string {
  const canonical: unknown = JSON.parse(toJson(experiment));
  return createHash('sha256')
    .update(JSON.stringify(sortKeys(canonical)))
    .digest('hex');
}
