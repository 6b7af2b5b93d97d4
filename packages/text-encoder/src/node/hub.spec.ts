import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { readFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TextTowerError } from '../index.js';
import { loadClipTower } from './index.js';

const fixture = fileURLToPath(new URL('../../fixtures/clip', import.meta.url));

/** What a hub that serves the fixture under one name does to a file. */
type Behaviour = 'serve' | 'cut' | 'hide' | 'fail';

describe('a model of a hub', () => {
  let server: Server;
  let host: string;
  let cacheFolder: string;
  let requests: string[];
  let behaviours: Map<string, Behaviour>;

  beforeEach(async () => {
    // A token of whoever runs the tests has no business here.
    vi.stubEnv('HF_TOKEN', undefined);
    cacheFolder = await mkdtemp(join(tmpdir(), 'clip-lung-hub-'));
    requests = [];
    behaviours = new Map();
    server = createServer((request, response) => {
      const path = request.url ?? '';
      requests.push(path);
      const [, revision = '', file = ''] =
        /^\/someone\/a-clip\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
      const behaviour = behaviours.get(file) ?? 'serve';
      void (async () => {
        const known = ['main', 'v1'].includes(revision);
        const bytes = await readFile(join(fixture, file)).catch(() => null);
        if (behaviour === 'fail') {
          response.writeHead(503).end();
        } else if (!known || bytes === null || behaviour === 'hide') {
          response.writeHead(404).end();
        } else if (behaviour === 'cut') {
          response.writeHead(200, { 'content-length': bytes.length });
          response.write(bytes.subarray(0, bytes.length >> 1), () => {
            response.destroy();
          });
        } else {
          response.writeHead(200, { 'content-length': bytes.length });
          response.end(bytes);
        }
      })();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    vi.stubEnv('HF_ENDPOINT', host);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await new Promise((resolve) => server.close(resolve));
    await rm(cacheFolder, { recursive: true });
  });

  const load = (revision?: string) =>
    loadClipTower('someone/a-clip', {
      cacheFolder,
      ...(revision === undefined ? {} : { revision }),
    });
  const cached = (): Promise<string[]> =>
    readdir(cacheFolder, { recursive: true });

  it('is downloaded once, checked, and then found in the cache', async () => {
    const tower = await load();
    expect(tower.folder).toBe(join(cacheFolder, 'someone', 'a-clip'));
    expect(tower.notes).toEqual([]);
    expect(requests).toHaveLength(4);
    const again = await load();
    expect(requests).toHaveLength(4);
    expect(again.sha256).toBe(tower.sha256);
    expect((await cached()).filter((file) => /[/\\]\./.test(file))).toEqual([]);
  });

  it('may be pinned to a revision, which is kept apart', async () => {
    const tower = await load('v1');
    expect(tower.name).toBe('someone/a-clip@v1');
    expect(tower.folder).toBe(join(cacheFolder, 'someone', 'a-clip', 'v1'));
    expect(requests[0]).toBe('/someone/a-clip/resolve/v1/config.json');
    const named = await loadClipTower('someone/a-clip@v1', {
      cacheFolder,
      download: false,
    });
    expect(named.folder).toBe(tower.folder);
    await load();
    expect(requests).toHaveLength(8);
    await expect(load('v2')).rejects.toThrow(/has no config\.json/);
  });

  it('comes from the mirror that HF_ENDPOINT names', async () => {
    vi.stubEnv('HF_ENDPOINT', `${host}/`);
    await loadClipTower('someone/a-clip', { cacheFolder });
    expect(requests).toHaveLength(4);
  });

  it('is asked for with HF_TOKEN when not all may read it, which goes to no other host', async () => {
    const seen: (string | undefined)[] = [];
    const store = createServer((request, response) => {
      seen.push(request.headers.authorization);
      void readFile(join(fixture, request.url ?? '')).then((bytes) =>
        response.end(bytes),
      );
    });
    const gate = createServer((request, response) => {
      const allowed = request.headers.authorization === 'Bearer mine';
      const file = (request.url ?? '').replace(/^.*\/main\//, '');
      const { port } = store.address() as AddressInfo;
      if (!allowed) response.writeHead(401).end();
      // Another name of this machine is another host.
      else if (existsSync(join(fixture, file))) {
        response
          .writeHead(302, { location: `http://localhost:${port}/${file}` })
          .end();
      } else response.writeHead(404).end();
    });
    await Promise.all(
      [store, gate].map(
        (one) => new Promise<void>((resolve) => one.listen(0, resolve)),
      ),
    );
    const { port } = gate.address() as AddressInfo;
    const options = { cacheFolder, host: `http://127.0.0.1:${port}` };
    try {
      await expect(
        loadClipTower('someone/a-clip', { ...options, token: undefined }),
      ).rejects.toThrow(/answered 401: HF_TOKEN is not set/);
      await expect(
        loadClipTower('someone/a-clip', { ...options, token: 'other' }),
      ).rejects.toThrow(/the account of HF_TOKEN may not read it/);
      const tower = await loadClipTower('someone/a-clip', {
        ...options,
        token: 'mine',
      });
      expect(tower.notes).toEqual([]);
      expect(seen).toEqual(Array(4).fill(undefined));
    } finally {
      await Promise.all(
        [store, gate].map((one) => new Promise((done) => one.close(done))),
      );
    }
  });

  it('comes with model.safetensors where there is no ONNX file', async () => {
    behaviours.set('onnx/text_model.onnx', 'hide');
    const tower = await load();
    expect(tower.notes).toHaveLength(1);
    expect(await cached()).toContain(
      join('someone', 'a-clip', 'model.safetensors'),
    );
  });

  it.each([
    ['cut', /text_model\.onnx: .*(terminated|ended after)/],
    ['fail', /text_model\.onnx: answered 503/],
  ] as const)(
    'leaves nothing in the cache when its last file is %s, and can be tried again',
    async (behaviour, message) => {
      behaviours.set('onnx/text_model.onnx', behaviour);
      const loading = load();
      await expect(loading).rejects.toThrow(TextTowerError);
      await expect(loading).rejects.toThrow(message);
      await expect(loading).rejects.toThrow(/HF_ENDPOINT names a mirror/);
      expect(await cached()).toEqual(['someone']);
      behaviours.clear();
      expect((await load()).notes).toEqual([]);
    },
  );

  it('says what to do when no hub answers', async () => {
    await new Promise((resolve) => server.close(resolve));
    const loading = load();
    await expect(loading).rejects.toThrow(/ECONNREFUSED/);
    await expect(loading).rejects.toThrow(
      `put them into ${join(cacheFolder, 'someone', 'a-clip')}`,
    );
  });

  it.each(['../secrets', 'a/../b', './no-folder', 'a/b/c', 'a/b@../c', ''])(
    'is not called “%s”',
    async (model) => {
      await expect(loadClipTower(model, { cacheFolder, host })).rejects.toThrow(
        /neither an existing folder nor the name of a model/,
      );
      expect(requests).toEqual([]);
    },
  );
});
