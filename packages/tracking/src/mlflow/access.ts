import { MlflowAddressError } from './error.js';

/** Where an MLflow server is, and what it is shown. */
export interface MlflowAccess {
  /** under which `/api/2.0/mlflow/…` is; no slash at its end, nobody's name in it */
  readonly base: string;
  /** of every request; undefined for a server that asks for nothing */
  readonly authorization: string | undefined;
}

/**
 * Reads the address of an MLflow server: that of its web page, with the path under which a proxy may have put it. Whom it is shown
 * is in the address, or in the variables that MLflow's own programs read: `MLFLOW_TRACKING_USERNAME` with
 * `MLFLOW_TRACKING_PASSWORD`, else `MLFLOW_TRACKING_TOKEN`.
 *
 * @throws {@link MlflowAddressError} for what is no such address
 */
export function mlflowAccess(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
): MlflowAccess {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    // What cannot be read may have a password in it.
    throw new MlflowAddressError(
      'what was given is not the address of an MLflow server; expected one such as http://localhost:5000',
    );
  }
  const path = url.pathname
    .replace(/\/api\/2\.0(\/mlflow)?\/*$/, '')
    .replace(/\/+$/, '');
  return {
    base: `${url.origin}${path}`,
    authorization: authorizationOf(url, environment),
  };
}

function authorizationOf(
  { username, password }: URL,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const name = decodeURIComponent(username);
  if (name !== '') return basic(name, decodeURIComponent(password));
  const user = environment['MLFLOW_TRACKING_USERNAME'] ?? '';
  const secret = environment['MLFLOW_TRACKING_PASSWORD'] ?? '';
  if (user !== '' && secret !== '') return basic(user, secret);
  const token = environment['MLFLOW_TRACKING_TOKEN'] ?? '';
  return token === '' ? undefined : `Bearer ${token}`;
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}
