import { hubHost, hubUrl, isPrivate, isWithin } from '../hub-host.js';

/** What of the environment says where models come from, and as whom. The names are those of huggingface_hub. */
export interface HubAccess {
  /** where models are looked up; it ends with a slash */
  readonly hub: URL;
  /**
   * whether it is the hub itself or the one that the user's environment names. Any other was named by an experiment or a
   * record, which somebody else may have written
   */
  readonly own: boolean;
  /** what goes with each request to {@link hub}; undefined where there is no token, or it may not go there */
  readonly token: string | undefined;
  /** why there is a token and it does not go there; empty otherwise */
  readonly withheld: string;
}

/**
 * Decides where a token goes: to the hub itself, or to the one in the user's own `HF_ENDPOINT`, and only where nobody on the
 * way can read it. A `token` that a program gives together with a `host` is for that host.
 *
 * @throws `TextTowerError` for an address that is none or holds a password, which is not repeated
 */
export function hubAccess({
  host,
  token,
}: {
  /** that an experiment or a program names */
  readonly host?: string | undefined;
  /** that a program gives */
  readonly token?: string | undefined;
}): HubAccess {
  const endpoint = nonEmpty(process.env['HF_ENDPOINT']);
  const own = [hubUrl(hubHost, 'the hub')];
  if (endpoint !== undefined) own.push(hubUrl(endpoint, 'HF_ENDPOINT'));
  const [first = hubUrl(hubHost, 'the hub')] = [...own].reverse();
  const hub = host === undefined ? first : hubUrl(host, 'text.host');
  const isOwn = own.some((one) => isWithin(hub, one));
  const given = nonEmpty(token);
  const found = given ?? nonEmpty(process.env['HF_TOKEN']);
  const access = { hub, own: isOwn, token: undefined, withheld: '' };
  if (found === undefined) return access;
  if (!isOwn && given === undefined) {
    const names = own.map(({ host: name }) => name).join(' and ');
    const withheld = `HF_TOKEN is only sent to ${names} (for a mirror of your own, set HF_ENDPOINT)`;
    return { ...access, withheld };
  }
  if (!isPrivate(hub)) {
    return { ...access, withheld: 'HF_TOKEN is only sent over https' };
  }
  // Else `fetch` repeats it in an error.
  if (!/^[\x21-\x7e]+$/.test(found)) {
    const withheld =
      'HF_TOKEN has spaces, or characters that no token has, and was not sent';
    return { ...access, withheld };
  }
  return { ...access, token: found };
}

/** The variable of the environment that forbids downloads; undefined where none does. */
export function offlineBy(): string | undefined {
  return ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'].find((name) =>
    /^(1|on|yes|true)$/i.test(process.env[name] ?? ''),
  );
}

function nonEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}
