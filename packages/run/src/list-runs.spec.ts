import { hostname } from 'node:os';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  appendMetrics,
  experimentDigest,
  foldPaths,
  listRuns,
  lockFold,
  runPaths,
  type RunRecord,
  type RunState,
  type RunSummary,
  withEpochs,
  writePredictions,
  writeRunRecord,
  writeRunSummary,
} from './index.js';
import { lockFile } from './paths.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-runs-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('listRuns', () => {
  it('tells what is finished, being trained and stopped, at any depth', async () => {
    await begin('a/finished');
    for (const fold of [0, 1]) {
      await train('a/finished', fold, [0.25, 0.75 - 0.25 * fold]);
      await predict('a/finished', fold);
    }
    await begin('training');
    await train('training', 0, [0.5, 0.25]);
    await predict('training', 0);
    const lock = await lockFold(join(folder, 'training'), 1);
    await begin('grid/cells/0f/stopped');
    await train('grid/cells/0f/stopped', 1, [0.5]);
    await begin('waiting');
    const states = await list();
    await lock.release();

    expect(states.map(({ changed: _, ...state }) => state)).toEqual([
      {
        ...{ run: 'a/finished', state: 'finished', problem: null },
        folds: { done: 2, of: 2 },
        epochs: { fold: 1, done: 2, of: 3 },
        best: { of: 'validation', accuracy: 0.625, folds: 2 },
        host: 'node-7',
      },
      {
        ...{ run: 'grid/cells/0f/stopped', state: 'stopped', problem: null },
        folds: { done: 0, of: 2 },
        epochs: { fold: 1, done: 1, of: 3 },
        best: { of: 'validation', accuracy: 0.5, folds: 1 },
        host: 'node-7',
      },
      {
        ...{ run: 'training', state: 'training', problem: null },
        folds: { done: 1, of: 2 },
        epochs: { fold: 1, done: 0, of: 3 },
        best: { of: 'validation', accuracy: 0.5, folds: 1 },
        host: hostname(),
      },
      {
        ...{ run: 'waiting', state: 'stopped', problem: null },
        folds: { done: 0, of: 2 },
        epochs: null,
        best: null,
        host: 'node-7',
      },
    ]);
  });

  it('takes a lock of a dead process for none, and one of another machine for as long as it gives signs', async () => {
    await begin('run');
    const lock = await lockFold(join(folder, 'run'), 0);
    const text = await readFile(lock.file, 'utf8');
    await lock.release();
    const holder = JSON.parse(text) as Record<string, unknown>;
    const file = lockFile(join(folder, 'run'), 0);
    const stateWith = async (
      change: Readonly<Record<string, unknown>>,
      secondsAgo: number,
    ): Promise<readonly unknown[]> => {
      await writeFile(file, JSON.stringify({ ...holder, ...change }));
      const time = Date.now() / 1000 - secondsAgo;
      await utimes(file, time, time);
      return (await list()).map(({ state, host }) => [state, host]);
    };
    expect(await stateWith({ began: '1' }, 0)).toEqual([['stopped', 'node-7']]);
    const there = { host: 'node-9', processes: 'another' };
    expect(await stateWith(there, 60)).toEqual([['training', 'node-9']]);
    expect(await stateWith(there, 180)).toEqual([['stopped', 'node-7']]);
  });

  it('has a row for each damaged run, which says the file', async () => {
    const damaged = async (
      name: string,
      damage: (run: string) => Promise<void>,
    ): Promise<void> => {
      await begin(name);
      await train(name, 0, [0.5]);
      await damage(join(folder, name));
    };
    await damaged('empty-record', (run) => truncate(runPaths(run).experiment));
    await damaged('no-record', (run) => rm(runPaths(run).experiment));
    await damaged('record-folder', async (run) => {
      await rm(runPaths(run).experiment);
      await mkdir(runPaths(run).experiment);
    });
    await damaged('log', (run) =>
      writeFile(foldPaths(run, 0).metrics, '{"epoch":0}\n'),
    );
    await damaged('log-bytes', (run) =>
      writeFile(foldPaths(run, 0).metrics, Buffer.from([0, 255, 10])),
    );
    await damaged('stray', (run) => mkdir(foldPaths(run, 2).folder));
    await damaged('summary', (run) => writeFile(runPaths(run).summary, 'null'));
    await damaged('version', (run) =>
      writeFile(runPaths(run).experiment, '{"formatVersion":99}'),
    );
    const states = await list();
    expect(
      states.map(({ run, state, problem }) => [
        run,
        state,
        problem?.replaceAll(`${join(folder, run)}/`, ''),
      ]),
    ).toEqual([
      [
        'empty-record',
        'damaged',
        expect.stringMatching(/^experiment\.json: is not JSON/),
      ],
      [
        'log',
        'damaged',
        expect.stringMatching(/^fold-0\/metrics\.jsonl:1: "step"/),
      ],
      [
        'log-bytes',
        'damaged',
        expect.stringMatching(/^fold-0\/metrics\.jsonl:1: is not JSON/),
      ],
      [
        'no-record',
        'damaged',
        expect.stringMatching(/^experiment\.json: there is no such file/),
      ],
      [
        'record-folder',
        'damaged',
        expect.stringMatching(/^experiment\.json: .*folder/),
      ],
      [
        'stray',
        'damaged',
        expect.stringMatching(
          /^fold-2: is there, but the run's record has 2 folds/,
        ),
      ],
      ['summary', 'damaged', expect.stringMatching(/^summary\.json: /)],
      [
        'version',
        'damaged',
        expect.stringMatching(/^experiment\.json: has format version 99/),
      ],
    ]);
    expect(states.find(({ run }) => run === 'summary')).toMatchObject({
      folds: { done: 0, of: 2 },
      epochs: { fold: 0, done: 1, of: 3 },
      host: 'node-7',
    });
  });

  it('counts no fold as done, and no evaluation as the run’s, that is of fewer epochs than it was given since', async () => {
    await begin('longer');
    for (const fold of [0, 1]) {
      await train('longer', fold, [0.25]);
      await predict('longer', fold, experimentDigest(record.experiment));
    }
    const { experiment } = record;
    const now = experimentDigest(withEpochs(experiment, 9));
    await writeRunSummary(join(folder, 'longer'), {
      ...summary,
      experimentDigest: experimentDigest(experiment),
    });
    expect(await list()).toMatchObject([
      { state: 'finished', folds: { done: 2, of: 2 }, best: { of: 'test' } },
    ]);
    await writeRunRecord(join(folder, 'longer'), {
      ...record,
      experiment: withEpochs(experiment, 9),
      extended: [{ from: 3, epochs: { 0: 1, 1: 1 } }],
    });
    const best = { of: 'validation', accuracy: 0.25, folds: 2 };
    expect(await list()).toMatchObject([
      { state: 'stopped', folds: { done: 0, of: 2 }, best },
    ]);
    await predict('longer', 1, now);
    expect(await list()).toMatchObject([
      { state: 'stopped', folds: { done: 1, of: 2 }, best },
    ]);
    await writeRunSummary(join(folder, 'longer'), {
      ...summary,
      experimentDigest: now,
    });
    expect(await list()).toMatchObject([{ best: { of: 'test', folds: 1 } }]);
  });

  it('goes by what is a run: experiments, datasets and links in a circle are none', async () => {
    await begin('run');
    await symlink(folder, join(folder, 'circle'));
    await symlink(join(folder, 'run'), join(folder, 'run-again'));
    await symlink(join(folder, 'nowhere'), join(folder, 'dead-link'));
    await mkdir(join(folder, 'fold-0'));
    await mkdir(join(folder, 'dataset'));
    await writeFile(join(folder, 'dataset', 'manifest.json'), '{}');
    await mkdir(join(folder, 'study'));
    await writeFile(join(folder, 'study', 'experiment.json'), '{"image":{}}');
    expect((await list()).map(({ run }) => run)).toEqual(['run']);
    expect(await listRuns(join(folder, 'run'))).toHaveLength(1);
  });

  it('says which folder it cannot look into', async () => {
    await expect(listRuns(join(folder, 'none'))).rejects.toThrow(
      `${join(folder, 'none')}: cannot be read: there is no such file`,
    );
    await writeFile(join(folder, 'file'), '');
    await expect(listRuns(join(folder, 'file'))).rejects.toThrow(
      `${join(folder, 'file')}: cannot be read`,
    );
  });

  // Whoever may read everything is not refused.
  it.skipIf(process.getuid?.() === 0)(
    'leaves out a folder that may not be read, and says so',
    async () => {
      await begin('run');
      await mkdir(join(folder, 'closed'));
      await chmod(join(folder, 'closed'), 0);
      const notes: string[] = [];
      const found = await listRuns(folder, {
        onNote: (note) => notes.push(note),
      });
      await chmod(join(folder, 'closed'), 0o700);
      expect(found).toHaveLength(1);
      expect(notes).toEqual([
        `${join(folder, 'closed')}: cannot be read: you may not read it (EACCES)`,
      ]);
    },
  );
});

const record: RunRecord = {
  formatVersion: 2,
  experiment: { training: { epochs: 3 } },
  data: {
    ...{ collection: 'phantom', folder: 'dataset', nodules: 4, subset: 'A' },
    ...{ folds: 2, sha256: 'd'.repeat(64) },
  },
  ...{ text: 'none', textModel: '', textSha256: null },
  classes: ['benign', 'malignant'],
  ...{ engine: 'onnx', device: 'cpu', host: 'node-7', software: {} },
};

const summary: RunSummary = {
  ...{ accuracy: 0.5, majority: 0.5, perClass: [], run: 'r', text: 'none' },
  ...{ data: 'phantom', by: 'head', formatVersion: 2, subset: 'A' },
  ...{ textModel: '', majorityClass: 'benign', nodules: 2, patients: 2 },
  ...{ macroPrecision: 0.5, macroRecall: 0.5, macroF1: 0.5, auc: 0.5 },
  ...{ ece: 0.1, brier: 0.5, missingFolds: [1], overFolds: null },
  interval: {
    ...{ level: 0.95, wilson: { low: 0.1, high: 0.9 }, byPatient: null },
  },
  folds: [{ fold: 0, accuracy: 0.5, nodules: 2, patients: 2 }],
  confusion: [],
};

/** The runs' folders as seen from the folder that is searched. */
async function list(): Promise<readonly RunState[]> {
  const states = await listRuns(folder);
  return states.map((state) => ({
    ...state,
    run: relative(folder, state.run),
  }));
}

function begin(name: string): Promise<void> {
  return writeRunRecord(join(folder, name), record);
}

async function train(
  name: string,
  fold: number,
  accuracies: readonly number[],
): Promise<void> {
  for (const [epoch, accuracy] of accuracies.entries()) {
    await appendMetrics(foldPaths(join(folder, name), fold).metrics, {
      ...{ epoch, step: epoch + 1, learningRate: 1, loss: 1, terms: {} },
      ...{ trainAccuracy: 0.5, secondsPerEpoch: 1 },
      validation: { accuracy, loss: 1 },
    });
  }
}

function predict(
  name: string,
  fold: number,
  digest = 'e'.repeat(64),
): Promise<void> {
  const own = { label: 0, prediction: 0, probabilities: [0.75, 0.25] };
  return writePredictions(
    foldPaths(join(folder, name), fold),
    {
      classes: record.classes,
      rows: [{ nodule: `n${fold}`, patient: `p${fold}`, ...own }],
    },
    { experimentDigest: digest, dataset: 'd'.repeat(64) },
  );
}
