import { createServer } from 'node:net';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  appendMetrics,
  experimentDigest,
  foldPaths,
  lockFold,
  type RunSummary,
  writeRunSummary,
} from '@clip-lung/run';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from 'vitest';

import { begin, metricsOf, test, train } from '../../test/make-run.js';
import { MlflowServer, type OtherAnswer } from '../../test/mlflow-server.js';
import {
  exportMlflow,
  type ExportedRun,
  type ExportMlflowOptions,
  MlflowError,
} from '../index.js';

let done = '';
beforeAll(async () => {
  done = await mkdtemp(join(tmpdir(), 'mlflow-'));
  const made = join(done, 'mine');
  await begin(made);
  for (const fold of [0, 1]) {
    await train(made, fold, [0, 1, 2]);
    await test(made, fold);
  }
});
afterAll(() => rm(done, { recursive: true }));

let folder = '';
let run = '';
let server: MlflowServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mlflow-'));
  run = join(folder, 'mine');
  server = await MlflowServer.start();
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

describe('exportMlflow', () => {
  it('has every number of the logs, the test and the summary, by epoch and fold', async () => {
    await finished();
    await writeRunSummary(run, summary);
    expect(await send()).toEqual([{ run, id: 'run0', wasThere: false }]);
    const [found] = server.runs;
    expect(found).toMatchObject({ name: 'mine', status: 'FINISHED' });
    const metrics = found?.metrics ?? [];
    const by = (key: string): readonly (readonly [number, number])[] =>
      metrics
        .filter((one) => one.key === key)
        .map(({ step, value }) => [step, value]);
    const epochs = [0, 1, 2].map((epoch) => metricsOf(epoch));
    expect(by('fold-0/loss')).toEqual(epochs.map((e) => [e.epoch, e.loss]));
    expect(by('fold-1/terms/image-class')).toEqual(
      epochs.map((e) => [e.epoch, e.terms['image-class']]),
    );
    expect(by('fold-1/validation/accuracy')).toHaveLength(3);
    expect(by('fold-0/gradientNorm')[0]).toEqual([0, 3e-40]);
    expect(by('fold-1/test/accuracy')).toEqual([[2, 2 / 3]]);
    expect(by('summary/accuracy')).toEqual([[0, summary.accuracy]]);
    expect(by('summary/class/malignant/f1')).toEqual([[0, 0.25]]);
    expect(by('summary/interval/wilson/low')).toEqual([[0, 0.15]]);
    expect(metrics.filter(({ key }) => key.startsWith('fold-'))).toHaveLength(
      2 * (3 * 10 + 1),
    );
    const times = metrics
      .filter(({ key }) => key === 'fold-0/loss')
      .map(({ timestamp }) => timestamp);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeCloseTo(1100, -1);
  });

  it('tells the experiment and the data, and no folder', async () => {
    await finished();
    await send({ experiment: 'nodules' });
    expect([...server.experiments.keys()]).toEqual(['nodules']);
    const [{ params, tags } = fail()] = server.runs;
    expect(Object.fromEntries(params)).toMatchObject({
      'training.epochs': '3',
      'text.model': 'clip-vit-b-16',
      'losses.1.weight': '0.5',
      'training.warmup': 'null',
    });
    expect(Object.fromEntries(tags)).toMatchObject({
      'mlflow.runName': 'mine',
      'clip_lung.dataset': 'lidc',
      'clip_lung.text_model': 'clip-vit-b-16',
      'clip_lung.folds': '0 1',
      'clip_lung.software.node': '20.20.2',
      'clip_lung.digest': expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
    const all = JSON.stringify([[...params], [...tags]]);
    for (const name of ['ada', folder, 'node-7'])
      expect(all).not.toContain(name);
  });

  it('keeps to what a request may hold', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 130 }, (_, i) => [`value${i}`, 'ü'.repeat(5000)]),
    );
    const long = '𝒳'.repeat(7000);
    await begin(run, { experiment: { ...many, long } });
    for (let epoch = 0; epoch < 2; epoch++) {
      await appendMetrics(foldPaths(run, 0).metrics, {
        ...metricsOf(epoch),
        terms: Object.fromEntries(
          Array.from({ length: 1100 }, (_, i) => [`term${i}`, i]),
        ),
      });
    }
    await test(run, 0, { ...many, long });
    const notes: string[] = [];
    await send({ onNote: (note) => notes.push(note) });
    const [{ params, metrics } = fail()] = server.runs;
    expect(params.size).toBe(131);
    expect(metrics).toHaveLength(2 * 1108 + 1);
    expect(params.get('long')).toBe(`${'𝒳'.repeat(5999)}…`);
    expect(notes).toEqual([
      `${run}: long is longer than MLflow's 6000 characters, and is cut`,
      expect.stringMatching(/is not evaluated/),
    ]);
  });

  it('names things as MLflow takes them', async () => {
    const names = [
      'a/../b',
      'a(b)',
      'a[b]',
      'a_b_',
      '',
      'Ä b',
      'x'.repeat(300),
    ];
    await begin(run);
    await appendMetrics(foldPaths(run, 0).metrics, {
      ...metricsOf(0),
      terms: Object.fromEntries(names.map((name, i) => [name, i])),
    });
    await test(run, 0);
    await send();
    const keys = (server.runs[0]?.metrics ?? [])
      .filter(({ key }) => key.includes('/terms/'))
      .map(({ key, value }) => [key.slice('fold-0/terms/'.length), value]);
    expect(keys).toEqual([
      ['a/_/b', 0],
      ['a_b__2', 1],
      ['a_b__3', 2],
      ['a_b_', 3],
      ['_', 4],
      ['Ä b', 5],
      [expect.stringMatching(/^x{200,}_[0-9a-f]{8}$/), 6],
    ]);
  });

  it('exports nothing twice, and what has changed as another run', async () => {
    await finished();
    await send();
    expect(await send()).toEqual([{ run, id: 'run0', wasThere: true }]);
    expect(server.runs).toHaveLength(1);
    await writeRunSummary(run, summary);
    expect(await send()).toEqual([{ run, id: 'run1', wasThere: false }]);
  });

  it('leaves out an evaluation of fewer epochs than the run was given since, and says so', async () => {
    const experiment = { training: { epochs: 9 } };
    const extended = [{ from: 3, epochs: { 0: 3, 1: 3 } }];
    await finished();
    await begin(run, { experiment, extended });
    for (const fold of [0, 1]) await test(run, fold, experiment);
    const former = { training: { epochs: 3 } };
    await writeRunSummary(run, {
      ...summary,
      experimentDigest: experimentDigest(former),
    });
    await send();
    const keys = server.runs[0]?.metrics.map(({ key }) => key) ?? [];
    expect(keys).toContain('fold-1/test/accuracy');
    expect(keys.filter((key) => key.startsWith('summary/'))).toEqual([]);
    await writeRunSummary(run, {
      ...summary,
      experimentDigest: experimentDigest(experiment),
    });
    await send();
    expect(server.runs[1]?.metrics.map(({ key }) => key)).toContain(
      'summary/accuracy',
    );
  });

  it('makes an export that was broken off again', async () => {
    await finished();
    server.answer = (path) =>
      path === 'runs/log-batch' && server.count(path) > 2
        ? { status: 500 }
        : undefined;
    await expect(send()).rejects.toThrow(
      /answers runs\/log-batch with 500; try again later/,
    );
    server.answer = () => undefined;
    expect(await send()).toEqual([{ run, id: 'run1', wasThere: false }]);
    expect(server.runs.map(({ stage, status }) => [stage, status])).toEqual([
      ['deleted', 'RUNNING'],
      ['active', 'FINISHED'],
    ]);
  });

  it('finds the experiment that somebody makes in the meantime', async () => {
    await finished();
    server.answer = (path, tries) => {
      if (path !== 'experiments/get-by-name' || tries > 1) return undefined;
      server.experiments.set('clip-lung', { id: '7', stage: 'active' });
      return notThere;
    };
    await send();
    expect(server.runs[0]?.experiment).toBe('7');
  });

  it('sends nothing of several runs when one is not done', async () => {
    await finished();
    const other = join(folder, 'other');
    await begin(other);
    const refuses = async (message: RegExp): Promise<void> => {
      await expect(
        exportMlflow([run, other], { to: server.address }),
      ).rejects.toThrow(message);
    };
    await refuses(/other: no fold of it is trained yet/);
    await train(other, 0, [0, 1]);
    await refuses(
      /other: fold 0 was stopped after 2 of 3 epochs; go on with train --resume/,
    );
    const lock = await lockFold(other, 0);
    await refuses(/other: is being trained; export it when it is done/);
    await lock.release();
    expect(server.seen).toEqual([]);
  });
});

describe('whom a server is shown', () => {
  const shown = async (
    environment: Readonly<Record<string, string>>,
    name = '',
  ): Promise<readonly (string | undefined)[]> => {
    await finished();
    const to = server.address.replace('://', `://${name}`);
    await send({ to, environment });
    return [...new Set(server.seen.map(({ authorization }) => authorization))];
  };
  const basic = (text: string): string =>
    `Basic ${Buffer.from(text).toString('base64')}`;
  const user = {
    MLFLOW_TRACKING_USERNAME: 'ada',
    MLFLOW_TRACKING_PASSWORD: 'é:',
  };
  const token = { MLFLOW_TRACKING_TOKEN: 'tok' };

  it('is nobody, unless it is told', async () => {
    expect(await shown({})).toEqual([undefined]);
  });

  it('is a token, or a name and password, which go first', async () => {
    expect(await shown(token)).toEqual(['Bearer tok']);
    server.seen.length = 0;
    expect(await shown({ ...token, ...user })).toEqual([basic('ada:é:')]);
  });

  it('is who stands in the address', async () => {
    expect(await shown(token, 'bo%40x:p%2F@')).toEqual([basic('bo@x:p/')]);
  });
});

/** Of an answer that is a page. */
const html = { 'content-type': 'text/html' };

describe('a server that does not do what it should', () => {
  it.each<{
    readonly what: string;
    readonly answer: OtherAnswer;
    readonly message: RegExp;
    readonly token?: string;
  }>([
    {
      what: 'asks for a name',
      answer: { status: 401, body: 'You are not authenticated.' },
      message: /refuses access \(401\); set MLFLOW_TRACKING_TOKEN, or/,
    },
    {
      what: 'knows the token, and refuses',
      answer: {
        status: 403,
        body: '{"error_code":"PERMISSION_DENIED","message":"Permission denied"}',
      },
      message:
        /with the name or token that it was given \(403, PERMISSION_DENIED: Permission denied\); check/,
      token: 'secret',
    },
    {
      what: 'is another server',
      answer: { status: 404, body: '<html>', headers: html },
      message:
        /has no MLflow API \(404 for \/api\/2\.0\/mlflow\/experiments\/get-by-name\); give the address of MLflow's page/,
    },
    {
      what: 'is another server that speaks JSON',
      answer: { status: 404, body: '{"detail":"Not Found"}' },
      message: /has no MLflow API/,
    },
    {
      what: 'shows a page',
      answer: { status: 200, body: '<!doctype html>Log in', headers: html },
      message:
        /answers experiments\/get-by-name with text\/html in place of JSON: it is not an MLflow server, or a page to log in/,
    },
    {
      what: 'answers with a list',
      answer: { status: 200, body: '[]' },
      message: /in place of JSON/,
    },
    {
      what: 'answers with other JSON',
      answer: { status: 200, body: '{"experiment":{}}' },
      message: /JSON that MLflow would not: experiment\.experiment_id/,
    },
    {
      what: 'leads elsewhere',
      answer: {
        status: 302,
        headers: { location: 'https://login.example/x?y' },
      },
      message: /leads on to https:\/\/login\.example; give that address/,
    },
    {
      what: 'refuses',
      answer: {
        status: 400,
        body: '{"error_code":"INVALID_PARAMETER_VALUE","message":"No."}',
      },
      message: /with 400, INVALID_PARAMETER_VALUE: No\.$/,
    },
    {
      what: 'stays busy',
      answer: { status: 429 },
      message: /with 429; try again later/,
    },
  ])('$what', async ({ answer, message, token = '' }) => {
    await finished();
    server.answer = () => answer;
    const environment = { MLFLOW_TRACKING_TOKEN: token };
    const error: unknown = await send({ environment }).catch(
      (one: unknown) => one,
    );
    expect(error).toBeInstanceOf(MlflowError);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain('secret');
    expect(server.seen).toHaveLength(answer.status === 429 ? 5 : 1);
  });

  it('is asked again when it was busy, after the time that it asks for', async () => {
    await finished();
    server.answer = (path, tries) => {
      if (path !== 'runs/log-batch' || tries > 4) return undefined;
      const headers = { 'retry-after': '0.2' };
      return [
        { status: 429, headers },
        { status: 502 },
        { status: 503 },
        { status: 504 },
      ][tries - 1];
    };
    const started = performance.now();
    await send();
    expect(performance.now() - started).toBeGreaterThan(200);
    expect(server.runs.map(({ status }) => status)).toEqual(['FINISHED']);
  });

  it('is not asked twice to make a run that it may have made', async () => {
    await finished();
    server.answer = (path) =>
      path === 'runs/create' ? { status: 502 } : undefined;
    await expect(send()).rejects.toThrow(/runs\/create with 502/);
    expect(server.count('runs/create')).toBe(1);
  });

  it('has deleted the experiment', async () => {
    await finished();
    server.experiments.set('clip-lung', { id: '1', stage: 'deleted' });
    await expect(send()).rejects.toThrow(
      /the experiment "clip-lung" was deleted there; restore it, or give another with --experiment/,
    );
  });

  it('is not there, or does not answer', async () => {
    await finished();
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const { port } = silent.address() as { readonly port: number };
    const to = `http://ada:secret@127.0.0.1:${port}/`;
    const wait = { timeout: 100 };
    await expect(send({ to, patience: wait })).rejects.toThrow(
      new RegExp(`^http://127.0.0.1:${port}: has not answered within 0.1 s`),
    );
    await new Promise((done) => silent.close(done));
    await expect(send({ to })).rejects.toThrow(
      new RegExp(
        `^http://127.0.0.1:${port}: cannot be reached: .*ECONNREFUSED.*; is an MLflow server running there`,
      ),
    );
  });

  it('stops when it is told to', async () => {
    await finished();
    const stop = new AbortController();
    server.answer = () => {
      stop.abort(new Error('stopped'));
      return { status: 503, headers: { 'retry-after': '1000' } };
    };
    await expect(send({ signal: stop.signal })).rejects.toThrow('stopped');
  });
});

describe('the address', () => {
  it('may have a path, and all that a browser shows behind it', async () => {
    await server.stop();
    server = await MlflowServer.start('/team/mlflow');
    await finished();
    await send({ to: `${server.address}/#/experiments/1?x=y` });
    await send({ to: `${server.address}/api/2.0/mlflow/` });
    expect(server.runs).toHaveLength(1);
  });

  it.each(['databricks', 'file:///mlruns', './mlruns', 'localhost:5000', ''])(
    'is not %j',
    async (to) => {
      await expect(send({ to })).rejects.toThrow(
        'what was given is not the address of an MLflow server; expected one such as http://localhost:5000',
      );
    },
  );
});

const notThere: OtherAnswer = {
  status: 404,
  body: '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No."}',
};

function fail(): never {
  throw new Error('the server has no run');
}

/** Exports the run; the environment of the tests has no say. */
function send(
  options: Partial<ExportMlflowOptions> = {},
): Promise<readonly ExportedRun[]> {
  return exportMlflow([run], {
    to: server.address,
    environment: {},
    patience: { pause: 1, timeout: 5000 },
    ...options,
  });
}

/** Puts a run of two finished folds in its place. */
function finished(): Promise<void> {
  return cp(join(done, 'mine'), run, {
    recursive: true,
    preserveTimestamps: true,
  });
}

const figures = { recall: 0.5, precision: 0.5, support: 2, auc: null };

const summary: RunSummary = {
  ...{ accuracy: 0.625, majority: 0.5, macroPrecision: 0.5, macroRecall: 0.5 },
  ...{ macroF1: 0.5, auc: 0.75, ece: 0.1, brier: 0.5 },
  perClass: [
    { name: 'benign', ...figures, f1: 0.5 },
    { name: 'malignant', ...figures, f1: 0.25 },
  ],
  ...{ run: 'runs/mine', text: 'clip', data: 'phantom', by: 'head' },
  ...{ formatVersion: 2, subset: 'A', textModel: 'm', majorityClass: 'benign' },
  interval: {
    ...{ level: 0.95, wilson: { low: 0.15, high: 0.85 }, byPatient: null },
  },
  ...{ nodules: 6, patients: 6, missingFolds: [], overFolds: null },
  folds: [{ fold: 0, accuracy: 0.5, nodules: 6, patients: 6 }],
  confusion: [
    [1, 1],
    [1, 1],
  ],
};
