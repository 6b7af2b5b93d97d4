import type { MlflowAccess } from './access.js';
import { MlflowError } from './error.js';

/** What a server has answered. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly location: string | undefined;
  /** milliseconds */
  readonly retryAfter: number;
}

/**
 * The JSON object of an answer.
 *
 * @throws {@link MlflowError} for any other answer, with what it means and what to do
 */
export function readAnswer(
  { base, authorization }: MlflowAccess,
  path: string,
  answer: Answer,
): Readonly<Record<string, unknown>> {
  const { status, text, type, location } = answer;
  const json = jsonIn(text);
  const said = messageIn(json);
  const fail = (problem: string): never => {
    const code = json?.['error_code'];
    throw new MlflowError(base, problem, {
      serverCode: typeof code === 'string' ? code : undefined,
    });
  };
  if (status >= 200 && status < 300) {
    return (
      json ??
      fail(
        `answers ${path} with ${type} in place of JSON: it is not an MLflow server, or a page to log in stands before it`,
      )
    );
  }
  if (status >= 300 && status < 400) {
    return fail(
      `leads on to ${originOf(location, base)}; give that address, or log in where it asks for it`,
    );
  }
  if (status === 401 || status === 403) {
    const credentials =
      'MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD';
    return fail(
      authorization === undefined
        ? `refuses access (${status}${said}); set ${credentials}`
        : `refuses access with the name or token that it was given (${status}${said}); check ${credentials}`,
    );
  }
  if (status === 404 && json?.['error_code'] === undefined) {
    return fail(
      `has no MLflow API (404 for /api/2.0/mlflow/${path}); give the address of MLflow's page, with the path before its #`,
    );
  }
  const again = status === 429 || status >= 500 ? '; try again later' : '';
  return fail(`answers ${path} with ${status}${said}${again}`);
}

function jsonIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null && !Array.isArray(found)
      ? (found as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** `, RESOURCE_DOES_NOT_EXIST: No experiment …`, at most a few lines of it. */
function messageIn(
  json: Readonly<Record<string, unknown>> | undefined,
): string {
  const parts = [json?.['error_code'], json?.['message']].filter(
    (part) => typeof part === 'string' && part !== '',
  );
  return parts.length === 0 ? '' : `, ${parts.join(': ').slice(0, 500)}`;
}

function originOf(location: string | undefined, base: string): string {
  return location !== undefined && URL.canParse(location, base)
    ? new URL(location, base).origin
    : 'another address';
}
