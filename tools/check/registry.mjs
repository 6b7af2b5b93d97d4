import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename } from 'node:path';

/**
 * Serves packed packages as the npm registry would if they were published, on this machine alone.
 *
 * @param {ReturnType<typeof import('./pack.mjs').packAll>} packed
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export async function serveRegistry(packed) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    const archive = packed.find((one) => basename(one.archive) === path);
    if (archive !== undefined) {
      response.end(readFileSync(archive.archive));
      return;
    }
    const one = packed.find(({ json }) => json.name === path);
    if (one === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { name, version } = one.json;
    const dist = {
      tarball: `${url}${basename(one.archive)}`,
      integrity: one.integrity,
    };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        name,
        'dist-tags': { latest: version },
        versions: { [version]: { ...one.json, dist } },
      }),
    );
  });
  await new Promise((listening) => {
    server.listen(0, '127.0.0.1', () => listening(undefined));
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null)
    throw new Error('the registry has no port');
  const url = `http://127.0.0.1:${address.port}/`;
  return { url, close: () => server.close() };
}
