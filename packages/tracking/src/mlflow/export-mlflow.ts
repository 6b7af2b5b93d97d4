import { z } from 'zod';

import { type MlflowAccess, mlflowAccess } from './access.js';
import { batchesOf, batchLimits } from './batches.js';
import { MlflowError } from './error.js';
import { digestTag, type MlflowRun, readMlflowRun } from './mlflow-run.js';
import {
  type MlflowPatience,
  mlflowRequest,
  type MlflowRequest,
} from './request.js';

export interface ExportMlflowOptions {
  /** the server's address, `http://localhost:5000` */
  readonly to: string;
  /** MLflow's experiment, which is made if it is not there. Default `clip-lung` */
  readonly experiment?: string | undefined;
  /** where whom the server is shown is looked for. Default the process's */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly patience?: MlflowPatience;
  readonly onNote?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a run. */
export interface ExportedRun {
  readonly run: string;
  readonly id: string;
  /** whether the server had it, with all that it has today */
  readonly wasThere: boolean;
}

/**
 * Puts finished runs into MLflow, through its REST API 2.0. All are read before anything is sent. A run that the server has
 * already, by the digest of its parameters and metrics, stays; an export that was broken off is deleted there and made again.
 *
 * @throws `MlflowAddressError`, `MlflowError`, `UnfinishedRunError`, `RunFileError`
 */
export async function exportMlflow(
  runs: readonly string[],
  options: ExportMlflowOptions,
): Promise<readonly ExportedRun[]> {
  const { to, experiment = 'clip-lung', signal, onNote } = options;
  const access = mlflowAccess(to, options.environment ?? process.env);
  const server = serverAt(access, { ...options.patience, signal });
  const read: (readonly [run: string, own: MlflowRun])[] = [];
  for (const run of runs) {
    signal?.throwIfAborted();
    const own = await readMlflowRun(run);
    for (const note of own.notes) onNote?.(note);
    read.push([run, own]);
  }
  const id = await experimentId(server, access, experiment);
  const exported: ExportedRun[] = [];
  for (const [run, own] of read) {
    exported.push({ run, ...(await exportRun(server, id, own)) });
  }
  return exported;
}

/** Makes a request, and reads its answer. */
type Server = <T>(
  path: string,
  body: Readonly<Record<string, unknown>>,
  answer: z.ZodType<T>,
  further?: Partial<MlflowRequest>,
) => Promise<T>;

function serverAt(
  access: MlflowAccess,
  patience: MlflowPatience & { readonly signal: AbortSignal | undefined },
): Server {
  return async (path, body, schema, further = {}) => {
    const request = { method: 'POST', path, body, ...further } as const;
    const answer = await mlflowRequest(access, request, patience);
    const { success, data, error } = schema.safeParse(answer);
    if (success) return data;
    throw new MlflowError(
      access.base,
      `answers ${path} with JSON that MLflow would not: ${error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    );
  };
}

const nothing = z.looseObject({});
const anExperiment = z.object({
  experiment: z.object({
    experiment_id: z.string(),
    lifecycle_stage: z.string().optional(),
  }),
});
const madeExperiment = z.object({ experiment_id: z.string() });
const aRun = z.object({
  info: z.object({ run_id: z.string(), status: z.string().optional() }),
});
const madeRun = z.object({ run: aRun });
const foundRuns = z.object({ runs: z.array(aRun).default([]) });

async function experimentId(
  server: Server,
  { base }: MlflowAccess,
  name: string,
): Promise<string> {
  const found = await byName(server, name);
  if (found !== undefined) return active(found, base, name);
  try {
    const made = await server('experiments/create', { name }, madeExperiment);
    return made.experiment_id;
  } catch (error) {
    // Somebody else has made it in the meantime.
    if (!isSaid(error, 'RESOURCE_ALREADY_EXISTS')) throw error;
    const there = await byName(server, name);
    if (there === undefined) throw error;
    return active(there, base, name);
  }
}

type Experiment = z.infer<typeof anExperiment>['experiment'];

async function byName(
  server: Server,
  name: string,
): Promise<Experiment | undefined> {
  try {
    const found = await server(
      'experiments/get-by-name',
      { experiment_name: name },
      anExperiment,
      { method: 'GET' },
    );
    return found.experiment;
  } catch (error) {
    if (isSaid(error, 'RESOURCE_DOES_NOT_EXIST')) return undefined;
    throw error;
  }
}

function active(
  { experiment_id: id, lifecycle_stage: stage }: Experiment,
  base: string,
  name: string,
): string {
  if (stage !== 'deleted') return id;
  throw new MlflowError(
    base,
    `the experiment "${name}" was deleted there; restore it, or give another with --experiment`,
  );
}

function isSaid(error: unknown, code: string): boolean {
  return error instanceof MlflowError && error.serverCode === code;
}

async function exportRun(
  server: Server,
  experiment: string,
  own: MlflowRun,
): Promise<{ readonly id: string; readonly wasThere: boolean }> {
  const { runs } = await server(
    'runs/search',
    {
      experiment_ids: [experiment],
      filter: `tags.\`${digestTag}\` = '${own.digest}'`,
      run_view_type: 'ACTIVE_ONLY',
      max_results: 100,
    },
    foundRuns,
  );
  const done = runs.find(({ info }) => info.status === 'FINISHED');
  if (done !== undefined) return { id: done.info.run_id, wasThere: true };
  for (const { info } of runs) {
    await server('runs/delete', { run_id: info.run_id }, nothing);
  }
  const { run } = await server(
    'runs/create',
    {
      experiment_id: experiment,
      run_name: own.name,
      start_time: own.start,
      tags: [
        { key: digestTag, value: own.digest },
        { key: 'mlflow.runName', value: own.name },
      ],
    },
    madeRun,
    // Twice, it would be there twice.
    { again: false },
  );
  const { run_id: id } = run.info;
  const log = async (
    kind: 'params' | 'tags' | 'metrics',
    entries: readonly unknown[],
  ): Promise<void> => {
    for (const batch of batchesOf(entries, batchLimits[kind])) {
      await server('runs/log-batch', { run_id: id, [kind]: batch }, nothing);
    }
  };
  await log('params', own.params);
  await log('tags', own.tags);
  await log('metrics', own.metrics);
  const end = { run_id: id, status: 'FINISHED', end_time: own.end };
  await server('runs/update', end, nothing);
  return { id, wasThere: false };
}
