import { readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { labelStatistics, rules } from '@clip-lung/lidc';
import { at, fileLimits, parseJsonText } from '@clip-lung/tensor';
import {
  createFileAtomic,
  isMissing,
  jsonWithDigest,
  jsonWithoutDigest,
  readFileUpTo,
} from '@clip-lung/tensor/node';
import { z } from 'zod';

import { datasetVersion } from '../../dataset/format.js';
import { InputError } from '../../errors.js';
import { shardPlanName } from '../scratch/partial-folder.js';
import type { CheckedOptions } from '../sources/lidc/prepare-options.js';

const planSchema = z.strictObject({
  /** version of this package, and of the datasets that it writes */
  software: z.string(),
  /** where the collection really lies */
  source: z.string(),
  minReaders: z.int(),
  rule: z.enum(rules),
  label: z.enum(labelStatistics),
  margin: z.number(),
  patients: z.union([z.int(), z.array(z.string()), z.null()]),
  /** how many shards there are */
  shards: z.int().positive(),
});

/** What all shards of a dataset have in common, and the preparation that makes it of them. */
export type ShardPlan = z.output<typeof planSchema>;

/** How the command line calls what shards may differ in. */
const names: Readonly<Record<keyof ShardPlan, string>> = {
  software: 'the version of @clip-lung/data',
  source: 'the source',
  minReaders: '--min-readers',
  rule: '--rule',
  label: '--label',
  margin: '--margin',
  patients: '--patients',
  shards: 'the number of shards',
};

/** Of a preparation as a whole: everything but into how many shards it is divided. */
export type WholePlan = Omit<ShardPlan, 'shards'>;

export async function wholePlan(
  folder: string,
  { minReaders, rule, label, margin, patients }: CheckedOptions,
): Promise<WholePlan> {
  // What is not there is refused by whoever reads it.
  const source = await realpath(folder).catch(() => resolve(folder));
  return {
    ...{ software, source, minReaders, rule, label, margin },
    patients:
      typeof patients === 'object' && patients ? [...patients] : patients,
  };
}

const software = `${packageVersion(new URL('../../../package.json', import.meta.url))}, dataset version ${datasetVersion}`;

function packageVersion(file: URL): string {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(file, 'utf8')));
  return version;
}

/**
 * The plan that shards have put into the folder that they share; undefined where none has.
 *
 * @throws {@link InputError} for one that is damaged, `FileReadError` where the system refuses
 */
export async function readPlan(folder: string): Promise<ShardPlan | undefined> {
  const path = join(folder, shardPlanName);
  let bytes: Buffer;
  try {
    bytes = await readFileUpTo(path, fileLimits.jsonBytes);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const found = planIn(bytes);
  if (typeof found !== 'string') return found;
  throw new InputError(
    `${path}: ${found}; remove ${folder} to prepare from the beginning`,
  );
}

/** @returns the plan, or what is wrong with it */
function planIn(bytes: Buffer): ShardPlan | string {
  let json: unknown;
  try {
    json = parseJsonText(bytes);
  } catch (error) {
    return `is not JSON (${String(error)})`;
  }
  const own = jsonWithoutDigest(json, bytes, () => true);
  if ('problem' in own) return own.problem;
  const checked = planSchema.safeParse(own.value);
  if (checked.success) return checked.data;
  const issue = at(checked.error.issues, 0, 'issues');
  return `"${issue.path.join('.')}": ${issue.message}`;
}

/** Makes the plan, unless another shard has. @throws {@link InputError} where that one's is another */
export async function joinPlan(folder: string, plan: ShardPlan): Promise<void> {
  const path = join(folder, shardPlanName);
  if (await createFileAtomic(path, jsonWithDigest(plan))) return;
  const found = await readPlan(folder);
  if (found !== undefined) expectPlan(folder, found, plan);
}

/** @throws {@link InputError} that says in what a preparation differs from the shards that were prepared before */
export function expectPlan(
  folder: string,
  found: ShardPlan,
  given: WholePlan | ShardPlan,
): void {
  const differences = Object.entries(given).flatMap(([key, value]) => {
    const name = key as keyof ShardPlan;
    const before = shown(found[name]);
    const now = shown(value);
    return before === now
      ? []
      : [`${names[name]} is ${now}, and was ${before}`];
  });
  if (differences.length === 0) return;
  throw new InputError(
    `${folder}: keeps shards of another preparation: ${differences.join('; ')}. Give what they were given, or another --out, or remove that folder to prepare from the beginning`,
  );
}

function shown(value: ShardPlan[keyof ShardPlan]): string {
  if (value === null) return 'not given';
  return Array.isArray(value) ? value.join(',') : String(value);
}
