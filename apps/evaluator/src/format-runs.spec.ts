import type { RunState } from '@clip-lung/run';
import { describe, expect, it } from 'vitest';

import { formatRuns } from './format-runs.js';

const now = Date.parse('2026-03-10T12:00:00.000Z');

describe('formatRuns', () => {
  it('has a line a run, and what is wrong below', () => {
    expect(formatRuns(runs, now).split('\n')).toEqual([
      'run      state     folds    epoch     accuracy   age  host',
      'runs/a   finished    5/5  100/100  83.1 % test   3 d  node-3',
      'runs/b   training    1/5   12/100  71.2 % val.  59 s  node-4',
      String.raw`runs/\n  stopped     0/5        –            –  23 h  –`,
      'runs/d   damaged       –        –            –   0 s  –',
      '',
      String.raw`runs/d/experiment.json: is no JSON (\x1b[2J)`,
    ]);
  });
});

const unknown = {
  ...{ problem: null, folds: null, epochs: null, best: null },
  ...{ changed: null, host: null },
};

const runs: readonly RunState[] = [
  {
    ...unknown,
    ...{ run: 'runs/a', state: 'finished', host: 'node-3' },
    folds: { done: 5, of: 5 },
    epochs: { fold: 4, done: 100, of: 100 },
    best: { of: 'test', accuracy: 0.831, folds: 5 },
    changed: '2026-03-07T11:00:00.000Z',
  },
  {
    ...unknown,
    ...{ run: 'runs/b', state: 'training', host: 'node-4' },
    folds: { done: 1, of: 5 },
    epochs: { fold: 1, done: 12, of: 100 },
    best: { of: 'validation', accuracy: 0.712, folds: 2 },
    changed: '2026-03-10T11:59:00.500Z',
  },
  {
    ...unknown,
    ...{ run: 'runs/\n', state: 'stopped' },
    folds: { done: 0, of: 5 },
    changed: '2026-03-09T12:00:01.000Z',
  },
  {
    ...unknown,
    ...{ run: 'runs/d', state: 'damaged' },
    problem: 'runs/d/experiment.json: is no JSON (\x1b[2J)',
    changed: '2026-03-10T12:10:00.000Z',
  },
];
