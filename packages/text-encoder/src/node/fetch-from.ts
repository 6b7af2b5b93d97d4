import { TextTowerError } from '../errors.js';
import { type HubAccess } from './hub-access.js';

/** As browsers and curl have it. */
const mostRedirects = 20;

/**
 * Fetches a file of a hub. The token goes with requests to the hub's own origin; a redirect to another, where hubs keep large
 * files, leaves it behind, and so do all that follow.
 *
 * @throws {@link TextTowerError} for a redirect from https to http, and for one too many
 */
export async function fetchFrom(
  address: string,
  { hub, token }: HubAccess,
): Promise<Response> {
  let url = new URL(address);
  let trusted = true;
  for (let i = 0; i <= mostRedirects; i++) {
    trusted &&= url.origin === hub.origin;
    const response = await fetch(url, {
      redirect: 'manual',
      headers:
        trusted && token !== undefined
          ? { authorization: `Bearer ${token}` }
          : {},
    });
    const location = response.headers.get('location');
    if (location === null || !redirects.has(response.status)) return response;
    await response.body?.cancel();
    const next = new URL(location, url);
    if (next.protocol !== 'https:' && url.protocol === 'https:') {
      throw new TextTowerError(
        `redirects to ${next.origin}, which is not https, so its answer could be anybody's`,
      );
    }
    url = next;
  }
  throw new TextTowerError(`redirects more than ${mostRedirects} times`);
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
