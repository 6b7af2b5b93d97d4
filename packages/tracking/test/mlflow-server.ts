import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A run as the server keeps it. */
export interface StoredRun {
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  status: string;
  stage: 'active' | 'deleted';
  end: number | undefined;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly metrics: {
    readonly key: string;
    readonly value: number;
    readonly timestamp: number;
    readonly step: number;
  }[];
}

/** An answer in place of MLflow's own. */
export interface OtherAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What was asked, for tests to look at. */
export interface SeenRequest {
  readonly path: string;
  readonly authorization: string | undefined;
}

type Body = Readonly<Record<string, unknown>>;

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const invalid = (message: string): Refusal =>
  new Refusal(400, 'INVALID_PARAMETER_VALUE', message);

/**
 * As much of MLflow's tracking server as an export needs, with the checks, the limits and the words of its own: mlflow/server/
 * handlers.py, mlflow/utils/validation.py and docs/source/rest-api.rst of MLflow 2.22.
 */
export class MlflowServer {
  readonly experiments = new Map<string, { id: string; stage: string }>();
  readonly runs: StoredRun[] = [];
  readonly seen: SeenRequest[] = [];
  /** answers in place of MLflow's; undefined leaves a request to it */
  answer: (path: string, tries: number) => OtherAnswer | undefined = () =>
    undefined;
  readonly #server: Server;

  private constructor(readonly prefix: string) {
    this.#server = createServer((request, response) => {
      void this.#handle(request).then(({ status, body = '', headers = {} }) => {
        response.writeHead(status, {
          'content-type': 'application/json',
          ...headers,
        });
        response.end(body);
      });
    });
  }

  static async start(prefix = ''): Promise<MlflowServer> {
    const server = new MlflowServer(prefix);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, '127.0.0.1', resolve);
    });
    return server;
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.prefix}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.seen.filter((one) => one.path === path).length;
  }

  async #handle(request: IncomingMessage): Promise<OtherAnswer> {
    const url = new URL(request.url ?? '', 'http://here');
    const start = `${this.prefix}/api/2.0/mlflow/`;
    const path = url.pathname.startsWith(start)
      ? url.pathname.slice(start.length)
      : url.pathname;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { authorization } = request.headers;
    this.seen.push({ path, authorization });
    const other = this.answer(path, this.count(path));
    if (other !== undefined) return other;
    const handler = this.#handlers[`${request.method ?? ''} ${path}`];
    if (handler === undefined) {
      const headers = { 'content-type': 'text/html; charset=utf-8' };
      return { status: 404, body: '<!doctype html>Not Found', headers };
    }
    try {
      const text = Buffer.concat(parts).toString();
      if (request.method === 'POST') {
        const type = request.headers['content-type'];
        if (type?.split(';')[0] !== 'application/json') {
          throw invalid('Bad Request. Content-Type must be application/json.');
        }
        if (path === 'runs/log-batch' && text.length > 1e6) {
          throw invalid(
            `Batched logging API requests must be at most 1000000 bytes, got a request of size ${text.length}.`,
          );
        }
      }
      const body =
        request.method === 'GET'
          ? Object.fromEntries(url.searchParams)
          : (JSON.parse(text) as Body);
      return { status: 200, body: JSON.stringify(handler(body)) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code, message } = error;
      return { status, body: JSON.stringify({ error_code: code, message }) };
    }
  }

  readonly #handlers: Readonly<Record<string, (body: Body) => unknown>> = {
    'GET experiments/get-by-name': ({ experiment_name }) => {
      const name = text(experiment_name);
      const found = this.experiments.get(name);
      if (found === undefined) {
        throw new Refusal(
          404,
          'RESOURCE_DOES_NOT_EXIST',
          `Could not find experiment with name '${name}'`,
        );
      }
      return {
        experiment: {
          ...{ experiment_id: found.id, name, lifecycle_stage: found.stage },
          ...{ artifact_location: `mlflow-artifacts:/${found.id}` },
          ...{ last_update_time: 1, creation_time: 1 },
        },
      };
    },
    'POST experiments/create': ({ name }) => {
      if (this.experiments.has(text(name))) {
        throw new Refusal(
          400,
          'RESOURCE_ALREADY_EXISTS',
          `Experiment(name=${text(name)}) already exists.`,
        );
      }
      const id = String(this.experiments.size + 1);
      this.experiments.set(text(name), { id, stage: 'active' });
      return { experiment_id: id };
    },
    'POST runs/search': ({ experiment_ids, filter, run_view_type }) => {
      const asked = /^tags\.`([^`]+)` = '([^']*)'$/.exec(text(filter));
      if (asked === null || run_view_type !== 'ACTIVE_ONLY') {
        throw invalid(`Invalid filter string: ${text(filter)}`);
      }
      const [, key = '', value] = asked;
      const runs = this.runs.filter(
        ({ experiment, stage, tags }) =>
          (experiment_ids as readonly string[]).includes(experiment) &&
          stage === 'active' &&
          tags.get(key) === value,
      );
      return runs.length === 0 ? {} : { runs: runs.map(asAnswer) };
    },
    'POST runs/create': ({ experiment_id, run_name, start_time, tags }) => {
      whole(start_time, 'start_time');
      const run: StoredRun = {
        ...{ id: `run${this.runs.length}`, experiment: text(experiment_id) },
        ...{ name: text(run_name), status: 'RUNNING', stage: 'active' },
        ...{ end: undefined, params: new Map(), tags: new Map(), metrics: [] },
      };
      this.runs.push(run);
      setAll(run.tags, tags, 'tag', 5000);
      return { run: asAnswer(run) };
    },
    'POST runs/delete': ({ run_id }) => {
      this.#run(run_id).stage = 'deleted';
      return {};
    },
    'POST runs/log-batch': ({ run_id, metrics, params, tags }) => {
      const run = this.#run(run_id);
      const lists = { metrics, params, tags };
      const limits = { metrics: 1000, params: 100, tags: 100 } as const;
      for (const [kind, most] of Object.entries(limits)) {
        const found = list(lists[kind as keyof typeof lists]);
        if (found.length > most) {
          throw invalid(
            `A batch logging request can contain at most ${most} ${kind}. Got ${found.length} ${kind}. Please split up ${kind} across multiple requests and try again.`,
          );
        }
      }
      setAll(run.params, params, 'param', 6000);
      setAll(run.tags, tags, 'tag', 5000);
      for (const { key, value, timestamp, step } of list(metrics)) {
        checkName(text(key), 'metric');
        if (typeof value !== 'number') throw invalid(`Got invalid value`);
        run.metrics.push({
          ...{ key: text(key), value, step: whole(step, 'step') },
          timestamp: whole(timestamp, 'timestamp'),
        });
      }
      return {};
    },
    'POST runs/update': ({ run_id, status, end_time }) => {
      const run = this.#run(run_id);
      run.status = text(status);
      run.end = whole(end_time, 'end_time');
      return { run_info: asAnswer(run).info };
    },
  };

  #run(id: unknown): StoredRun {
    const run = this.runs.find((one) => one.id === id);
    if (run?.stage === 'active') return run;
    throw new Refusal(
      404,
      'RESOURCE_DOES_NOT_EXIST',
      `Run with id=${text(id)} not found`,
    );
  }
}

function asAnswer({ id, experiment, name, status, stage, tags }: StoredRun): {
  readonly info: Body;
  readonly data: Body;
} {
  return {
    info: {
      ...{ run_id: id, run_uuid: id, experiment_id: experiment },
      ...{ run_name: name, status, lifecycle_stage: stage, user_id: '' },
    },
    data: { tags: [...tags].map(([key, value]) => ({ key, value })) },
  };
}

function setAll(
  kept: Map<string, string>,
  entries: unknown,
  kind: string,
  longest: number,
): void {
  for (const { key, value } of list(entries)) {
    const name = checkName(text(key), kind);
    if (Array.from(text(value)).length > longest) {
      throw invalid(`${kind} value had length over ${longest}`);
    }
    if (kind === 'param' && (kept.get(name) ?? value) !== value) {
      throw invalid(
        `Changing param values is not allowed. Param with key='${name}' was already logged`,
      );
    }
    kept.set(name, text(value));
  }
}

/** `_validate_param_name` and its like: `path_not_unique` among them. */
function checkName(name: string, kind: string): string {
  const parts = name.split('/');
  const isPlain = parts.every((part) => !['', '.', '..'].includes(part));
  if (/^[/\p{L}\p{N}_.\- ]*$/u.test(name) && isPlain && name.length <= 250) {
    return name;
  }
  throw invalid(`Invalid ${kind} name: '${name}'.`);
}

function list(value: unknown): readonly Body[] {
  return value === undefined ? [] : (value as readonly Body[]);
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw invalid(`Invalid value ${JSON.stringify(value)}, expected a string`);
}

function whole(value: unknown, name: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) {
    return value as number;
  }
  throw invalid(`Invalid value ${String(value)} for parameter '${name}'`);
}
