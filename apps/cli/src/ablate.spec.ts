import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readGridRecord } from '@clip-lung/ablation';
import { lockFold } from '@clip-lung/run';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, type Outcome, smallExperiment } from '../test/clip-lung.js';

describe('a grid', () => {
  it('is planned without writing, trained cell by cell, and told in a table; started again, nothing is left', async () => {
    const grid = await gridFile(`
      axes: { method: { ours: {}, plain: './plain.json', same: { 'training.epochs': 1 } } },
      folds: [1, 0],
    `);
    const plan = await ablate(grid, at('first'), '--dry-run');
    expect(plan.code).toBe(0);
    expect(plan.out).toMatch(
      /^4 cells: 4 waiting\n {2}ours: 2 cells, \d+ ms a step/,
    );
    const commands = plan.out.match(/^clip-lung train .*$/gm) ?? [];
    expect(commands).toHaveLength(4);
    expect(existsSync(at('first'))).toBe(false);

    const whole = await ablate(grid, at('first'), '--processes', '2');
    expect(whole.code).toBe(0);
    expect(whole.err).toContain(
      'note: "ours, seed 1" and "same, seed 1" are the same experiment, which is trained once',
    );
    expect(whole.out).toContain('simulated nodules (phantom)');
    expect(whole.out).toContain('random text tower');
    expect(whole.out).toMatch(/^\| ours \| \d+\.\d \| base \|/m);
    expect(whole.out).toMatch(
      /^\| plain \| .* \| [+−]?\d+\.\d \([+−]?\d+\.\d to [+−]?\d+\.\d\) \|/m,
    );
    expect(whole.out).toMatch(/^\| same \| .* \| 0\.0 \(0\.0 to 0\.0\) \|/m);
    const { runs, threads } = await readGridRecord(at('first'));
    expect(readdirSync(at('first', 'runs'))).toHaveLength(2);

    const again = await ablate(grid, at('first'), '--processes', '2');
    expect(again.err).not.toContain('started');
    expect(again.out).toBe(whole.out);

    // What any other process makes of the run's record, in the other order of its folds, is the same to the byte.
    const run = at('first', 'runs', runs[0]?.hash ?? '');
    const alone = await clipLung(
      ...['train', join(run, 'experiment.json'), '--data', at('dataset')],
      ...['--out', at('alone'), '--fold', '0,1'],
      ...['--threads', String(threads)],
    );
    expect(alone.code).toBe(0);
    for (const fold of [0, 1]) {
      expect(filesOf(run, fold)).toEqual(filesOf(at('alone'), fold));
    }
  }, 180_000);

  it('remembers what failed, says why, and starts it again only when asked', async () => {
    const grid = await gridFile(
      `axes: { method: { ours: {} } }, folds: [0, 1]`,
    );
    const out = at('failing');
    const first = await ablate(grid, out, '--only', 'fold=0');
    expect([first.code, first.err.match(/^started: .*$/gm)]).toEqual([
      0,
      ['started: ours, seed 1, fold 0'],
    ]);
    expect(first.out).toContain(
      'missing: 1 cell without predictions: ours, seed 1, fold 1',
    );
    expect(first.out).toContain('## dataset: no run is complete yet');
    const [hash = ''] = readdirSync(at('failing', 'runs'));
    await writeFile(at('failing', 'runs', hash, 'fold-1'), 'in the way');

    const fast = await ablate(grid, out, '--fail-fast', '--json');
    expect(fast.code).toBe(1);
    expect(JSON.parse(fast.out)).toMatchObject({
      error: {
        code: 'cells-failed',
        message: expect.stringContaining('1 of 2 cells failed') as string,
      },
    });
    const status = await clipLung('ablate', 'status', out);
    expect(status.out).toContain('2 cells: 1 done, 1 failed');
    expect(status.out).toMatch(
      new RegExp(
        `failed: ours, seed 1, fold 1\\n {2}error: .*fold-1.*\\n {2}log: .*/jobs/${hash}-1\\.log`,
      ),
    );
    const rest = await ablate(grid, out);
    expect([rest.code, rest.err.includes('started')]).toEqual([1, false]);

    await rm(at('failing', 'runs', hash, 'fold-1'));
    const { code, err } = await ablate(grid, out, '--retry', 'failed');
    expect([code, err.match(/^started: .*$/gm)]).toEqual([
      0,
      ['started: ours, seed 1, fold 1'],
    ]);
    const done = await clipLung('ablate', 'status', out, '--json');
    const { states } = JSON.parse(done.out) as { states: { state: string }[] };
    expect(states.map(({ state }) => state)).toEqual(['done', 'done']);
  }, 120_000);

  it('that a signal stops saves, exits with 75, and goes on', async () => {
    const grid = await gridFile(`axes: { method: { ours: {} } }, folds: [0]`);
    const args = [
      ...ofGrid(grid, at('stopped')),
      '--set',
      'training.epochs=400',
    ];
    const command = clipLung('ablate', ...args, '--json');
    const log = (): string =>
      existsSync(at('stopped', 'jobs'))
        ? readdirSync(at('stopped', 'jobs'))
            .filter((name) => name.endsWith('.log'))
            .map((name) => readFileSync(at('stopped', 'jobs', name), 'utf8'))
            .join('')
        : '';
    await expect.poll(log, { timeout: 60_000 }).toContain('epoch 1:');
    process.emit('SIGTERM');
    const { code, out, err } = await command;
    expect([code, JSON.parse(out)]).toMatchObject([
      75,
      { error: { code: 'stopped' } },
    ]);
    expect(err).toContain('the same command goes on (0 of 1 cells done)');
    const status = await clipLung('ablate', 'status', at('stopped'));
    expect(status.out).toContain('1 cell: 1 stopped');
  });

  it('may change while nobody trains it: what is another experiment is another run', async () => {
    const grid = await gridFile(
      `axes: { method: { ours: {}, plain: './plain.json' } }, folds: [0, 1]`,
    );
    const changed = await gridFile(
      `axes: { method: { ours: { 'training.ema': 0.4 }, more: { 'training.ema': 0.5 } } }, folds: [0, 1]`,
    );
    const out = at('changed');
    const part = ['--only', 'fold=1', '--only', 'method=ours'];
    expect((await ablate(grid, out, ...part)).code).toBe(0);
    const [hash = ''] = readdirSync(join(out, 'runs'));
    const lock = await lockFold(join(out, 'runs', hash), 0, {});
    const refused = await ablate(changed, out);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /the grid has changed while a cell of it is trained \(ours, seed 1, fold 0\)[^]*\n {2}~ ours, seed 1: another experiment.*\n {2}\+ more, seed 1\n {2}- plain, seed 1/,
    );
    // A cell that somebody else trains is left to him.
    const busy = await ablate(grid, out, '--only', 'method=ours');
    await lock.release();
    expect([busy.code, busy.err.includes('started')]).toEqual([0, false]);
    const { code, err } = await ablate(changed, out, ...part);
    expect(code).toBe(0);
    expect(err).toContain(
      'note: the grid has changed since it was last started:',
    );
    expect(readdirSync(join(out, 'runs'))).toHaveLength(2);
    const status = await clipLung('ablate', 'status', out);
    expect(status.out).toContain('4 cells: 1 done, 3 waiting');
  }, 120_000);

  it('refuses what cannot be, and says what is known', async () => {
    const grid = await gridFile(
      `axes: { method: { ours: {} } }, folds: [0], seeds: 2`,
    );
    const out = at('refused');
    const refuses = async (
      words: RegExp,
      code: number,
      ...more: readonly string[]
    ): Promise<void> => {
      const refused = await ablate(grid, out, ...more);
      expect(refused.err).toMatch(words);
      expect(refused.code).toBe(code);
    };
    await refuses(
      /there is no axis "methods"; known: method, dataset, seed, fold/,
      2,
      '--only',
      'methods=ours',
    );
    await refuses(
      /method: there is no value "theirs"; known: "ours"/,
      2,
      '--only',
      'method=theirs',
    );
    await refuses(/Expected an axis and values of it/, 2, '--only', 'ours');
    await refuses(
      /there are two datasets called dataset/,
      2,
      '--data',
      at('dataset'),
    );
    await refuses(
      /nothing: is not a dataset folder/,
      1,
      ...['--data', `other=${at('nothing')}`],
    );
    const far = await gridFile(`axes: { method: { ours: {} } }, folds: [9]`);
    expect((await ablate(far, out)).err).toContain(
      'ours, seed 1: there is no fold 9; the dataset has the folds 0 to 4',
    );
    const alike = await gridFile(
      `axes: { a: { 'x, y': {}, x: { 'training.ema': 0.5 } }, b: { z: {}, 'y, z': { 'training.ema': 0.6 } } }, folds: [0]`,
    );
    expect((await ablate(alike, out)).err).toContain(
      'two experiments are called "x, y, z, seed 1", and could not be told apart',
    );
    const large = ['--set', 'training.batchSize=500'];
    expect((await ablate(grid, out, ...large)).err).toMatch(
      /ours, seed 1: fold 0 has \d+ nodules to learn from, fewer than one batch/,
    );
    expect(existsSync(out)).toBe(false);
    expect((await clipLung('ablate', grid, '--out', out)).err).toContain(
      'names no datasets; give one with --data',
    );
    expect(
      (await clipLung('ablate', grid, '--data', at('dataset'))).err,
    ).toContain('--out is missing');
    expect((await ablate(grid, at('dataset'))).err).toMatch(
      /is not empty, and not the folder of a grid/,
    );
    expect((await ablate(grid, at('plain.json'))).err).toMatch(
      /is a file, or is inside one/,
    );
    expect((await clipLung('ablate', 'status', at('dataset'))).err).toMatch(
      /this is not the folder of a grid/,
    );

    expect(
      (await ablate(grid, out, '--threads', '1', '--only', 'seed=1')).code,
    ).toBe(0);
    await refuses(/its cells began with 1 threads each/, 1, '--threads', '2');
    // Another dataset of the same name, and a run that was exchanged.
    const data = ['--data', `dataset=${at('other')}`];
    const other = await clipLung('ablate', grid, ...data, '--out', out);
    expect(other.err).toMatch(
      /the grid began with another dataset "dataset": nodules \d+, before \d+; .*folder/,
    );
    const [first, second] = (await readGridRecord(out)).runs;
    const run = (hash = ''): string => join(out, 'runs', hash);
    await cp(run(first?.hash), run(second?.hash), { recursive: true });
    await refuses(
      /holds another experiment, dataset or text tower than the grid began it with/,
      1,
    );
    expect((await clipLung('ablate', 'status', out)).out).toMatch(
      /1 done, 1 damaged/,
    );
    // What is damaged keeps nothing else from being trained, and nothing is forgotten.
    await rm(run(second?.hash), { recursive: true });
    const record = join(run(first?.hash), 'experiment.json');
    await writeFile(record, '{');
    const rest = await ablate(grid, out);
    expect(rest.err.match(/^started: .*$/gm)).toEqual([
      'started: ours, seed 2, fold 0',
    ]);
    expect(rest.err).toContain(
      `${record}: is not JSON (SyntaxError: Expected property name or '}' in JSON at position 1`,
    );
    expect(rest.err).toMatch(
      /put it back, or move .* away, and the grid trains it again\n[^]*error: 1 of 2 cells have damaged files/,
    );
    expect(rest.code).toBe(1);
    expect(readFileSync(join(out, 'table.md'), 'utf8')).toContain(
      'damaged, and left out: ours, seed 1: ',
    );
  });
});

let folder = '';
let grids = 0;
const at = (...names: readonly string[]): string => join(folder, ...names);

const ofGrid = (grid: string, out: string): readonly string[] => [
  grid,
  ...['--data', at('dataset'), '--out', out],
];

const ablate = (
  grid: string,
  out: string,
  ...more: readonly string[]
): Promise<Outcome> => clipLung('ablate', ...ofGrid(grid, out), ...more);

async function gridFile(fields: string): Promise<string> {
  const file = at(`grid-${grids++}.ts`);
  await writeFile(
    file,
    `import { defineGrid } from '@clip-lung/experiment';
     export default defineGrid({ base: './small.json', ${fields} });`,
  );
  return file;
}

/** What a fold comes to, but for the seconds that it took. */
function filesOf(run: string, fold: number): Readonly<Record<string, string>> {
  const read = (...names: readonly string[]): Buffer =>
    readFileSync(join(run, `fold-${fold}`, ...names));
  return {
    predictions: read('predictions.csv').toString(),
    about: read('predictions.json').toString(),
    best: read('checkpoints', 'best.safetensors').toString('base64'),
    last: read('checkpoints', 'last.safetensors')
      .toString('base64')
      .slice(-4000),
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ablate-'));
  for (const [name, seed] of [
    ['dataset', '3'],
    ['other', '4'],
  ] as const) {
    const lidc = at(`lidc-${name}`);
    const size = ['--patients', '12', '--matrix', '64'];
    await clipLung('phantom', lidc, ...size, '--seed', seed);
    await clipLung('prepare', lidc, '--out', at(name));
  }
  await writeFile(at('small.json'), JSON.stringify(smallExperiment));
  const { image, training } = smallExperiment;
  const losses = [{ use: 'cross-entropy' }];
  await writeFile(
    at('plain.json'),
    JSON.stringify({ image, training, losses }),
  );
}, 120_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
