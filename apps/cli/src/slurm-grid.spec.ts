import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { gridPaths, readGridRecord } from '@clip-lung/ablation';
import { queuedTasks, slurmClusterName } from '@clip-lung/launcher';
import { foldPaths } from '@clip-lung/run';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, type Outcome, smallExperiment } from '../test/clip-lung.js';

// Other clusters have users, who would have to wait.
const isUp = (await slurmClusterName()) === 'check';
if (!isUp) {
  console.log(
    'no Slurm cluster of one node is up: the test of a grid on it is skipped (tools/check/slurm-node.sh starts one)',
  );
}

describe.skipIf(!isUp)('shards of a collection on Slurm', () => {
  it('make the same bytes as one prepare', async () => {
    const prepare = ['prepare', at('lidc'), '--out', at('sharded')];
    const slurm = ['--launcher', 'slurm', '--profile', at('profile.json')];
    const { code, out } = await clipLung(
      ...[...prepare, ...slurm, '--shards', '2', '--json'],
    );
    expect([code, JSON.parse(out)]).toMatchObject([0, { submitted: 2 }]);
    await untilQueueIsEmpty(at('sharded.jobs'));
    await expect
      .poll(() => existsSync(at('sharded', 'manifest.json')), {
        timeout: 60_000,
      })
      .toBe(true);
    const names = readdirSync(at('dataset')).sort();
    expect(readdirSync(at('sharded')).sort()).toEqual(names);
    for (const name of names) {
      const made = readFileSync(at('sharded', name));
      expect(made.equals(readFileSync(at('dataset', name))), name).toBe(true);
    }
    const again = [...prepare, '--launcher', 'slurm', '--shards', '2'];
    expect((await clipLung(...again)).err).toContain('needs --profile <file>');
  }, 120_000);
});

describe.skipIf(!isUp)('a grid on Slurm', () => {
  it('of which one cell is killed, one pre-empted, and one fails for good, ends complete but for that one', async () => {
    const plan = await ablate('--dry-run');
    expect(plan.out).toMatch(/^sbatch .*--array=0-5%2 .*--signal=B:USR2@/m);
    expect(existsSync(at('grid'))).toBe(false);

    // The runs begin before anything is submitted, so one can be spoilt.
    const begun = await ablate('--only', 'fold=0', '--only', 'method=plain');
    expect(begun.code).toBe(0);
    await untilQueueIsEmpty();
    const { runs } = await readGridRecord(at('grid'));
    const [ours = '', plain = ''] = runs.map(({ hash }) => hash);
    const run = gridPaths(at('grid')).run;
    await writeFile(foldPaths(run(plain), 2).folder, 'in the way');

    const { out, code } = await ablate('--json');
    expect(code).toBe(0);
    const submitted = tasksOf(out);
    expect(submitted.map(({ id }) => id).sort()).toEqual(
      [
        `${ours}-0`,
        `${ours}-1`,
        `${ours}-2`,
        `${plain}-1`,
        `${plain}-2`,
      ].sort(),
    );
    const again = await ablate('--json');
    // What is queued is not submitted twice.
    expect(JSON.parse(again.out)).toMatchObject({ cells: 0 });

    await untilTrained(`${ours}-0`);
    const lock = readFileSync(join(run(ours), 'fold-0.lock'), 'utf8');
    const { pid } = JSON.parse(lock) as { readonly pid: number };
    process.kill(pid, 'SIGKILL');
    await untilTrained(`${ours}-1`);
    slurm('scontrol', 'requeue', jobOf(submitted, `${ours}-1`));
    await untilQueueIsEmpty();

    const status = await clipLung('ablate', 'status', at('grid'));
    expect(status.out).toContain('6 cells: 5 done, 1 failed');
    expect(status.out).toMatch(
      /failed: plain, seed 1, fold 2\n {2}error: .*fold-2/,
    );
    expect(logOf(`${ours}-0`).match(/^== started/gm)?.length).toBe(2);
    expect(logOf(`${ours}-1`)).toContain('go on with --resume');
    // The report has come after all of them, and names what is missing.
    const report = at('grid', 'jobs', 'slurm-2', 'report.log');
    await expect
      .poll(() => readIfThere(report), { timeout: 60_000 })
      .toContain('missing: 1 cell without predictions: plain, seed 1, fold 2');

    // What was never disturbed is the same, to the byte.
    for (const [hash, folds] of [
      [ours, '0,1,2'],
      [plain, '0,1'],
    ] as const) {
      const alone = await clipLung(
        ...['train', join(run(hash), 'experiment.json')],
        ...['--data', at('dataset'), '--out', at(hash)],
        ...['--fold', folds, '--threads', '1'],
      );
      expect(alone.code).toBe(0);
      for (const fold of folds.split(',').map(Number)) {
        const [there, here] = [
          foldPaths(run(hash), fold),
          foldPaths(at(hash), fold),
        ];
        for (const file of [
          [there.predictions, here.predictions],
          [there.last.tensors, here.last.tensors],
          [there.best.tensors, here.best.tensors],
        ] as const) {
          const [one, other] = file.map((name) => readFileSync(name));
          expect(one?.equals(other ?? Buffer.of())).toBe(true);
        }
      }
    }

    expect(JSON.parse((await ablate('--json')).out)).toMatchObject({
      cells: 0,
    });
    const retried = tasksOf((await ablate('--json', '--retry', 'failed')).out);
    expect(retried.map(({ id }) => id)).toEqual([`${plain}-2`]);
    await untilQueueIsEmpty();
  }, 400_000);
});

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

const ablate = (...more: readonly string[]): Promise<Outcome> =>
  clipLung(
    ...['ablate', at('grid.ts'), '--data', at('dataset'), '--out', at('grid')],
    ...['--launcher', 'slurm', '--profile', at('profile.json'), ...more],
  );

interface Submitted {
  readonly id: string;
  /** `17_2` */
  readonly job: string;
}

function tasksOf(out: string): readonly Submitted[] {
  const { submission } = JSON.parse(out) as {
    submission: { arrays: { job: { id: string }; tasks: string[] }[] };
  };
  return submission.arrays.flatMap(({ job, tasks }) =>
    tasks.map((id, index) => ({ id, job: `${job.id}_${index}` })),
  );
}

function jobOf(submitted: readonly Submitted[], id: string): string {
  const found = submitted.find((task) => task.id === id);
  if (found === undefined) throw new Error(`${id} was not submitted`);
  return found.job;
}

const logOf = (id: string): string =>
  readIfThere(at('grid', 'jobs', `${id}.log`));

const readIfThere = (file: string): string =>
  existsSync(file) ? readFileSync(file, 'utf8') : '';

async function untilTrained(id: string): Promise<void> {
  await expect
    .poll(() => logOf(id), { timeout: 120_000, interval: 100 })
    .toContain('epoch 1:');
}

/** What Slurm holds back after a requeue is let go at once. */
async function untilQueueIsEmpty(jobs = at('grid', 'jobs')): Promise<void> {
  for (;;) {
    const queued = await queuedTasks(jobs);
    if (queued.tasks === undefined) throw new Error(queued.reason);
    if (queued.tasks.size === 0) return;
    const lines = slurm('squeue', '-h', '-r', '-t', 'PD', '-o', '%F_%K %r');
    for (const line of lines.split('\n')) {
      const [job = '', reason] = line.split(' ');
      if (reason !== 'BeginTime') continue;
      try {
        slurm('scontrol', 'update', `JobId=${job}`, 'StartTime=now');
      } catch {
        // It has started, or is still being cleared away.
      }
    }
    await wait(300);
  }
}

function slurm(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, {
    ...{ timeout: 20_000, encoding: 'utf8', stdio: 'pipe' },
  }).trimEnd();
}

beforeAll(async () => {
  if (!isUp) return;
  folder = await mkdtemp(join(tmpdir(), 'slurm-grid-'));
  const size = ['--patients', '12', '--matrix', '64', '--seed', '3'];
  await clipLung('phantom', at('lidc'), ...size);
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  const { image } = smallExperiment;
  const training = { epochs: 30, batchSize: 8, checkpointSteps: 1 };
  const losses = [{ use: 'cross-entropy' }];
  await writeFile(
    at('small.json'),
    JSON.stringify({ ...smallExperiment, training }),
  );
  await writeFile(
    at('plain.json'),
    JSON.stringify({ image, training, losses }),
  );
  await writeFile(
    at('profile.json'),
    JSON.stringify({ time: '20', cpus: 1, maxRunning: 2 }),
  );
  await writeFile(
    at('grid.ts'),
    `import { defineGrid } from '@clip-lung/experiment';
     export default defineGrid({
       base: './small.json',
       axes: { method: { ours: {}, plain: './plain.json' } },
       folds: [0, 1, 2],
     });`,
  );
}, 120_000);
afterAll(async () => {
  if (!isUp) return;
  slurm('scancel', '--name=grid,grid-report');
  await rm(folder, { recursive: true, force: true });
});
