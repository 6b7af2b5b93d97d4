import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { hubAccess } from './hub-access.js';
import { loadClipTower } from './index.js';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const token = 'hf_mine';

let cacheFolder = '';
const servers: Server[] = [];

beforeEach(async () => {
  for (const name of ['HF_ENDPOINT', 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'])
    vi.stubEnv(name, undefined);
  vi.stubEnv('HF_TOKEN', token);
  cacheFolder = await mkdtemp(join(tmpdir(), 'clip-lung-hub-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(
    servers.splice(0).map((one) => new Promise((done) => one.close(done))),
  );
  await rm(cacheFolder, { recursive: true });
});

/** A hub that keeps what it was sent, and serves the fixture under any name unless `answer` says otherwise. */
async function hub(
  answer?: (file: string, response: ServerResponse) => boolean,
  { secure = false } = {},
): Promise<{
  readonly port: number;
  readonly sent: (string | undefined)[];
}> {
  const sent: (string | undefined)[] = [];
  const serve = (
    { url = '', headers }: IncomingMessage,
    response: ServerResponse,
  ): void => {
    sent.push(headers.authorization);
    const file = url.replace(/^.*\/resolve\/[^/]+\//, '');
    if (answer?.(file, response) === true) return;
    readFile(join(fixtures, 'clip', file)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  };
  const server = secure
    ? createTlsServer(
        {
          key: readFileSync(join(fixtures, 'tls/key.pem')),
          cert: readFileSync(join(fixtures, 'tls/certificate.pem')),
        },
        serve,
      )
    : createServer(serve);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, sent };
}

const load = (options = {}) =>
  loadClipTower('someone/a-clip', { cacheFolder, ...options });

describe('HF_TOKEN', () => {
  it.each<readonly [string | undefined, string | undefined, boolean]>([
    // HF_ENDPOINT, the host that an experiment names, whether the token goes there
    [undefined, undefined, true],
    [undefined, 'https://huggingface.co', true],
    [undefined, 'HTTPS://HuggingFace.CO:443//', true],
    [undefined, 'http://huggingface.co', false],
    [undefined, 'https://huggingface.co.evil.org', false],
    [undefined, 'https://huggingface.co:8443', false],
    [undefined, 'https://evil.org/huggingface.co', false],
    [undefined, 'https://huggingface.co\\.evil.org', true], // a path of the hub's own: WHATWG URL
    [undefined, 'https://xn--huggingface-.co', false],
    [undefined, 'http://127.0.0.1:8080', false],
    [undefined, 'http://localhost', false],
    ['https://hub.clinic.org/models', undefined, true],
    ['https://hub.clinic.org/models', 'https://hub.clinic.org/models/', true],
    ['https://hub.clinic.org/models', 'https://hub.clinic.org/models2', false],
    ['https://hub.clinic.org/models', 'https://hub.clinic.org/~eve', false],
    [
      'https://hub.clinic.org/models',
      'https://hub.clinic.org/models/../~eve',
      false,
    ],
    ['https://hub.clinic.org', 'http://hub.clinic.org', false],
    ['https://hub.clinic.org', 'https://huggingface.co', true],
    ['http://hub.clinic.org', undefined, false],
    ['http://127.0.0.1:8080', undefined, true],
    ['http://127.1:8080', undefined, true],
    ['http://[::1]:8080', undefined, true],
    ['http://localhost:8080', undefined, true],
    ['http://localhost.evil.org:8080', undefined, false],
    ['http://127.0.0.1.evil.org', undefined, false],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8081', false],
  ])('with HF_ENDPOINT=%s, at %s: %s', (endpoint, host, goes) => {
    vi.stubEnv('HF_ENDPOINT', endpoint);
    expect(hubAccess({ host }).token).toBe(goes ? token : undefined);
  });

  it('is not sent to a host that an experiment names, which is told when that host refuses', async () => {
    const { port, sent } = await hub((_, response) => {
      response.writeHead(401).end();
      return true;
    });
    await expect(load({ host: `http://127.0.0.1:${port}` })).rejects.toThrow(
      /answered 401: HF_TOKEN is only sent to huggingface\.co \(.*HF_ENDPOINT\); or there is no such model/,
    );
    expect(sent).toEqual([undefined]);
  });

  it('is sent to HF_ENDPOINT by https, and not on to where it leads, nor from there back', async () => {
    // The certificate is of our own making.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const away = await hub(
      (file, response) => {
        const back = `https://127.0.0.1:${home.port}/x/resolve/main/${file}`;
        if (file === 'config.json')
          response.writeHead(302, { location: back }).end();
        return file === 'config.json';
      },
      { secure: true },
    );
    let first = true;
    const home = await hub(
      (file, response) => {
        if (!first) return false;
        first = false;
        const location = `https://localhost:${away.port}/x/resolve/main/${file}`;
        response.writeHead(307, { location }).end();
        return true;
      },
      { secure: true },
    );
    // A server on 127.0.0.1 is found under both names.
    vi.stubEnv('HF_ENDPOINT', `https://127.0.0.1:${home.port}`);
    expect((await load()).notes).toEqual([]);
    const bearer = `Bearer ${token}`;
    expect(away.sent).toEqual([undefined]);
    expect(home.sent).toEqual([bearer, undefined, bearer, bearer, bearer]);
  });

  it('that is none is not repeated', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_secret of mine');
    const { port } = await hub((_, response) => {
      response.writeHead(401).end();
      return true;
    });
    vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${port}`);
    const problem = await load().catch(String);
    expect(problem).toMatch(/HF_TOKEN has spaces, or characters/);
    expect(problem).not.toContain('secret');
  });
});

describe('a hub', () => {
  it('by https may not lead to http', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const plain = await hub();
    const { port } = await hub(
      (file, response) => {
        const location = `http://127.0.0.1:${plain.port}/x/resolve/main/${file}`;
        response.writeHead(302, { location }).end();
        return true;
      },
      { secure: true },
    );
    vi.stubEnv('HF_ENDPOINT', `https://127.0.0.1:${port}`);
    await expect(load()).rejects.toThrow(/which is not https/);
    expect(plain.sent).toEqual([]);
  });

  it('that leads in a circle is left', async () => {
    const { port, sent } = await hub((file, response) => {
      response.writeHead(302, { location: `/x/resolve/main/${file}` }).end();
      return true;
    });
    vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${port}`);
    await expect(load()).rejects.toThrow(/redirects more than 20 times/);
    expect(sent).toHaveLength(21);
  });

  it('that an experiment names has a cache of its own, so that it cannot pass its files for the hub’s', async () => {
    const { port } = await hub();
    const tower = await load({ host: `http://127.0.0.1:${port}/mirror` });
    expect(tower.folder).toBe(
      join(
        cacheFolder,
        '.hosts',
        `127.0.0.1%3A${port}%2Fmirror`,
        'someone',
        'a-clip',
      ),
    );
    expect(await readdir(cacheFolder)).toEqual(['.hosts']);
    await expect(load({ download: false })).rejects.toThrow(/nor in the cache/);
  });

  it.each([
    ['https://ada:secret@huggingface.co', /user name or password/],
    ['https://secret@huggingface.co', /user name or password/],
    ['https://huggingface.co?token=secret', /\? or #/],
    ['https://huggingface.co#secret', /\? or #/],
    ['file:///secret', /begins with file:/],
    ['huggingface.co/secret', /is not an address/],
  ])('%s is refused, and not repeated', async (address, problem) => {
    const named = await load({ host: address }).catch(String);
    vi.stubEnv('HF_ENDPOINT', address);
    const own = await load().catch(String);
    expect(named).toMatch(/text\.host/);
    expect(own).toMatch(/HF_ENDPOINT/);
    for (const text of [named, own]) {
      expect(text).toMatch(problem);
      expect(text).not.toContain('secret');
    }
  });
});

describe('offline', () => {
  it.each([
    ['HF_HUB_OFFLINE', '1'],
    ['TRANSFORMERS_OFFLINE', 'True'],
  ])('by %s=%s, nothing is asked for', async (name, value) => {
    const { port, sent } = await hub();
    vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${port}`);
    vi.stubEnv(name, value);
    await expect(load({ download: true })).rejects.toThrow(
      `downloads are off (${name} is set); looked for in ${join(cacheFolder, 'someone', 'a-clip')}, which lacks config.json, tokenizer.json, tokenizer_config.json, model.safetensors or onnx/text_model.onnx`,
    );
    expect(sent).toEqual([]);
    vi.stubEnv(name, '0');
    expect((await load()).name).toBe('someone/a-clip');
  });

  it('names both places of a model whose host is named', async () => {
    await expect(
      load({ host: 'https://mirror.org', download: false }),
    ).rejects.toThrow(
      /looked for in .*\.hosts.*, and in .*a-clip, which lacks/,
    );
  });
});
