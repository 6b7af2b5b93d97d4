import { setTimeout as wait } from 'node:timers/promises';

import type { MlflowAccess } from './access.js';
import { type Answer, readAnswer } from './answer.js';
import { MlflowError } from './error.js';

/** How often, and how long, a server that is busy is asked again. */
export interface MlflowPatience {
  /** requests at most. Default 5 */
  readonly tries?: number;
  /** milliseconds before the second one; twice as long before each that follows. Default 500 */
  readonly pause?: number;
  /** milliseconds for an answer. Default 60 s */
  readonly timeout?: number;
}

export interface MlflowRequest {
  readonly method: 'GET' | 'POST';
  /** after `/api/2.0/mlflow/`: `runs/create` */
  readonly path: string;
  /** JSON, or the query of a GET */
  readonly body: Readonly<Record<string, unknown>>;
  /**
   * Whether it may be made again though the server may have done it already. Default yes; MLflow keeps the same parameter, tag or
   * metric once.
   */
  readonly again?: boolean;
}

/** However long a server asks to be waited for, milliseconds. */
const longestPause = 30_000;

/** Bytes of an answer: a run with a thousand parameters has less than 10 MB. */
const mostBytes = 64 * 2 ** 20;

/**
 * Makes a request of MLflow's REST API 2.0. A server that is busy (429), or down for a moment (5xx), is asked again.
 *
 * @returns the answer, a JSON object
 * @throws {@link MlflowError} that says what to do; what `signal` is aborted with
 */
export async function mlflowRequest(
  access: MlflowAccess,
  request: MlflowRequest,
  {
    signal,
    tries = 5,
    pause = 500,
    timeout = 60_000,
  }: MlflowPatience & { readonly signal?: AbortSignal | undefined },
): Promise<Readonly<Record<string, unknown>>> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const answer = await ask(access, request, { signal, timeout });
    const isLast = attempt >= tries;
    if (isLast || !isPassing(answer, request)) {
      return readAnswer(access, request.path, answer);
    }
    const asked = Math.max(pause * 2 ** (attempt - 1), answer.retryAfter);
    await wait(Math.min(asked, longestPause), undefined, { signal });
  }
}

async function ask(
  { base, authorization }: MlflowAccess,
  { method, path, body }: MlflowRequest,
  {
    signal,
    timeout,
  }: { readonly signal: AbortSignal | undefined; readonly timeout: number },
): Promise<Answer> {
  const url = new URL(`${base}/api/2.0/mlflow/${path}`);
  if (method === 'GET') {
    for (const [name, value] of Object.entries(body)) {
      url.searchParams.set(name, String(value));
    }
  }
  const patience = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, {
      method,
      // A POST that is led on would become a GET, and the token would go along.
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        ...(authorization === undefined ? {} : { authorization }),
      },
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.any([patience, ...(signal ? [signal] : [])]),
    });
    const { status, headers } = response;
    return {
      status,
      type: headers.get('content-type') ?? 'no type',
      text: await textOf(response, base),
      location: headers.get('location') ?? undefined,
      retryAfter: millisecondsIn(headers.get('retry-after')),
    };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MlflowError) throw error;
    throw new MlflowError(
      base,
      patience.aborted
        ? `has not answered within ${timeout / 1000} s`
        : `cannot be reached: ${reasonOf(error)}; is an MLflow server running there?`,
      { cause: error },
    );
  }
}

async function textOf(response: Response, base: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const body = response.body as AsyncIterable<Uint8Array> | null;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > mostBytes) {
      throw new MlflowError(base, `answers with more than ${mostBytes} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Whether another try may help. A request that must not be made twice is made again only where it was not begun. */
function isPassing(
  { status }: Answer,
  { again = true }: MlflowRequest,
): boolean {
  if (status === 429 || status === 503) return true;
  return again && status >= 500;
}

/** A number of seconds, or a date. */
function millisecondsIn(retryAfter: string | null): number {
  if (retryAfter === null) return 0;
  const seconds = Number(retryAfter);
  const milliseconds = Number.isFinite(seconds)
    ? seconds * 1000
    : Date.parse(retryAfter) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0;
}

/** fetch says no more than that it failed; why is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors.length > 0) {
    return reasonOf(new Error('', { cause: cause.errors[0] }));
  }
  return cause instanceof Error && cause.message !== ''
    ? cause.message
    : error.message;
}
