import { TextTowerError } from './errors.js';

/** The Hugging Face hub itself. */
export const hubHost = 'https://huggingface.co';

/**
 * What is wrong with the address of a hub, in words that do not repeat it: it may hold a password, and experiments and
 * records are shared.
 */
export function hubHostProblem(host: string): string | undefined {
  let url: URL;
  try {
    url = new URL(host);
  } catch {
    return `is not an address; expected one such as ${hubHost}`;
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return `begins with ${url.protocol}, expected https:`;
  }
  if (url.username !== '' || url.password !== '') {
    return 'holds a user name or password; take it out, and put a token of your account into HF_TOKEN';
  }
  if (url.search !== '' || url.hash !== '') {
    return 'has a ? or # part; expected an address without them';
  }
  return undefined;
}

/**
 * The address of a hub, with a slash at its end.
 *
 * @param place what it is of, which the error starts with: `text.host`, `HF_ENDPOINT`
 * @throws {@link TextTowerError} that says what is wrong, without the address
 */
export function hubUrl(host: string, place: string): URL {
  const problem = hubHostProblem(host);
  if (problem !== undefined) throw new TextTowerError(`${place} ${problem}`);
  return new URL(`${host.replace(/\/+$/, '')}/`);
}

/** Whether an address is one of a hub: nothing of it is outside of the hub's own. */
export function isWithin({ href }: URL, hub: URL): boolean {
  return href.startsWith(hub.href);
}

/**
 * Whether nobody between here and there can read what is sent: by https, or to this machine itself.
 */
export function isPrivate({ protocol, hostname }: URL): boolean {
  return (
    protocol === 'https:' ||
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}
