import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { foldPaths, listFolds, runPaths } from './index.js';

it('names the files of a run', () => {
  expect(runPaths('run')).toEqual({
    folder: 'run',
    experiment: join('run', 'experiment.json'),
    summary: join('run', 'summary.json'),
    report: join('run', 'report.html'),
    plugins: join('run', 'plugins'),
  });
  const checkpoints = join('run', 'fold-2', 'checkpoints');
  expect(foldPaths('run', 2)).toEqual({
    fold: 2,
    folder: join('run', 'fold-2'),
    metrics: join('run', 'fold-2', 'metrics.jsonl'),
    predictions: join('run', 'fold-2', 'predictions.csv'),
    predictionsInfo: join('run', 'fold-2', 'predictions.json'),
    by: 'head',
    checkpoints,
    last: {
      tensors: join(checkpoints, 'last.safetensors'),
      info: join(checkpoints, 'last.json'),
    },
    best: {
      tensors: join(checkpoints, 'best.safetensors'),
      info: join(checkpoints, 'best.json'),
    },
  });
});

it('keeps what was classified by texts apart from what was by the head', () => {
  const { summary, ...run } = runPaths('run', 'texts');
  expect(summary).toBe(join('run', 'summary-by-texts.json'));
  expect(runPaths('run')).toMatchObject(run);
  const { predictions, predictionsInfo, by, ...fold } = foldPaths(
    'run',
    2,
    'texts',
  );
  expect(by).toBe('texts');
  expect(predictionsInfo).toBe(
    join('run', 'fold-2', 'predictions-by-texts.json'),
  );
  expect(predictions).toBe(join('run', 'fold-2', 'predictions-by-texts.csv'));
  expect(foldPaths('run', 2)).toMatchObject(fold);
});

it('lists the folds by number, and nothing that only looks like one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'clip-lung-run-'));
  try {
    for (const name of ['fold-10', 'fold-2', 'fold-02', 'fold-x', 'logs']) {
      await mkdir(join(folder, name));
    }
    expect(await listFolds(folder)).toEqual([2, 10]);
    expect(await listFolds(join(folder, 'none'))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
