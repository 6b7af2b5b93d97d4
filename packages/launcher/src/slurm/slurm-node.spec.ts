import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fakeWork } from '../../test/fake-work.js';
import {
  hasSlurmNode,
  slurm,
  untilQueueIsEmpty,
} from '../../test/slurm-node.js';
import { launchLocally } from '../local/launch-locally.js';
import { endState, readOutcome } from '../outcome.js';
import type { Task } from '../task.js';
import { readSlurmProfile } from './profile.js';
import { queuedTasks } from './queued-tasks.js';
import type { Submission } from './submission.js';
import { type SlurmSubmission, submitToSlurm } from './submit.js';

describe.skipIf(!(await hasSlurmNode()))('a Slurm cluster of one node', () => {
  it('brings all tasks to their end but one that fails, whatever happens to the others', async () => {
    const tasks = [
      task('plain', 5),
      task('another', 5),
      task('failing', 5, '2=fail'),
      task('killed', 5, '2=kill'),
      task('requeued', 150),
      task('signalled', 150),
    ];
    const { submission } = await submit(tasks, ['report', jobs]);
    const of = (id: string): string => jobOf(submission, id);
    await untilSteps('requeued', 5);
    // By an administrator, or pre-emption: Slurm sends SIGTERM to all processes, and SIGKILL later.
    slurm('scontrol', 'requeue', of('requeued'));
    await untilSteps('signalled', 5);
    // As before time is up: to the script alone.
    slurm('scancel', '--batch', '--signal=USR2', of('signalled'));
    await untilQueueIsEmpty(jobs);

    expect(await states(tasks)).toEqual([
      ['plain', 'done', 0],
      ['another', 'done', 0],
      ['failing', 'failed', 0],
      ['killed', 'done', 1],
      ['requeued', 'done', 1],
      ['signalled', 'done', 1],
    ]);
    expect((await readOutcome(jobs, 'failing'))?.lastError).toBe(
      'error: step 2 is wrong',
    );
    for (const id of ['requeued', 'signalled']) {
      expect(readFileSync(join(jobs, `${id}.log`), 'utf8')).toContain(
        '\nsaved\n',
      );
      // Nothing is lost, and nothing done twice.
      expect(readFileSync(work(id), 'utf8')).toBe(lines(150));
    }
    // What ran on this machine alone, without any of that, came to the same.
    const alone = join(folder, 'alone');
    const local = tasks.map(({ id, args: [, ...rest], ...others }) => ({
      ...{ id, ...others },
      args: [join(folder, `${id}.local`), ...rest],
    }));
    await launchLocally({ tasks: local, program, jobs: alone, processes: 2 });
    for (const { id } of tasks) {
      expect(readFileSync(work(id), 'utf8')).toBe(
        readFileSync(join(folder, `${id}.local`), 'utf8'),
      );
    }
    // The report came after all of them.
    const log = join(jobs, 'slurm-1', 'report.log');
    while (!existsSync(log) || !readFileSync(log, 'utf8').endsWith('\n')) {
      await wait(200);
    }
    expect(readFileSync(log, 'utf8')).toBe('missing: failing\n');

    const missing = [];
    for (const one of tasks) {
      const outcome = await readOutcome(jobs, one.id);
      if (outcome === undefined || endState(outcome) !== 'done') {
        missing.push(one);
      }
    }
    const again = await submit(missing);
    expect(again.submission?.arrays.map((array) => array.tasks)).toEqual([
      ['failing'],
    ]);
    await untilQueueIsEmpty(jobs);
    expect(
      readFileSync(join(jobs, 'failing.log'), 'utf8').match(/^== started/gm),
    ).toHaveLength(2);
    expect(
      readFileSync(join(jobs, 'plain.log'), 'utf8').match(/^== started/gm),
    ).toHaveLength(1);
  }, 180_000);

  it('lets go what is cancelled, once it has saved', async () => {
    const { submission } = await submit([task('cancelled', 2000)]);
    await untilSteps('cancelled', 3);
    expect((await queuedTasks(jobs)).tasks).toEqual(
      new Map([['cancelled', 'running']]),
    );
    slurm('scancel', jobOf(submission, 'cancelled'));
    await untilQueueIsEmpty(jobs);
    expect(await readOutcome(jobs, 'cancelled')).toMatchObject({
      ...{ code: 75, signal: null, restarts: 0 },
      lastError: '== cancelled, and not requeued',
    });
  }, 60_000);
});

let folder = '';
let jobs = '';
let program: string[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'slurm node-')));
  // What sbatch would take for patterns of its own.
  jobs = join(folder, 'a %j grid', 'jobs');
  program = [process.execPath, join(folder, 'work.cjs')];
  writeFileSync(
    join(folder, 'work.cjs'),
    `if (process.argv[2] === 'report') { report(); } else { ${fakeWork} }
function report() {
  const { readdirSync, readFileSync } = require('node:fs');
  const jobs = process.argv[3];
  const failed = readdirSync(jobs).filter((name) => name.endsWith('.exit') && JSON.parse(readFileSync(jobs + '/' + name, 'utf8')).code !== 0);
  console.log('missing: ' + failed.map((name) => name.slice(0, -5)).join(', '));
}
`,
  );
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const work = (id: string): string => join(folder, `${id}.steps`);

function task(id: string, steps: number, event = ''): Task {
  return {
    ...{ id, name: `Task ${id}`, progress: [work(id)] },
    args: [work(id), String(steps), '20', event],
  };
}

async function submit(
  tasks: readonly Task[],
  report?: readonly string[],
): Promise<SlurmSubmission> {
  const file = join(folder, 'slurm.json');
  writeFileSync(file, JSON.stringify({ time: '10', maxRunning: 6 }));
  const profile = await readSlurmProfile(file);
  return submitToSlurm({ tasks, program, jobs, profile, report });
}

/** `17_2`. */
function jobOf(submission: Submission | undefined, id: string): string {
  for (const { job, tasks } of submission?.arrays ?? []) {
    const index = tasks.indexOf(id);
    if (job !== null && index >= 0) return `${job.id}_${index}`;
  }
  throw new Error(`${id} was not submitted`);
}

async function states(
  tasks: readonly Task[],
): Promise<readonly (readonly [string, string, number])[]> {
  const found: (readonly [string, string, number])[] = [];
  for (const { id } of tasks) {
    const outcome = await readOutcome(jobs, id);
    found.push(
      outcome === undefined
        ? [id, 'unknown', -1]
        : [id, endState(outcome), outcome.restarts],
    );
  }
  return found;
}

const lines = (count: number): string =>
  Array.from({ length: count }, (_, i) => `step ${i}\n`).join('');

async function untilSteps(id: string, steps: number): Promise<void> {
  const count = (): number =>
    existsSync(work(id))
      ? readFileSync(work(id), 'utf8').split('\n').length
      : 0;
  while (count() <= steps) await wait(50);
}
