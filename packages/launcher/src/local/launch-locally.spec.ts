import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { FileWriteError } from '@clip-lung/tensor/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fakeWork } from '../../test/fake-work.js';
import { readOutcome } from '../outcome.js';
import type { Task } from '../task.js';
import {
  launchLocally,
  type LaunchEvent,
  type LocalLaunch,
} from './launch-locally.js';

describe.skipIf(process.platform === 'win32')('tasks on this machine', () => {
  it('run, some at a time, and each leaves its log and how it ended', async () => {
    const events: LaunchEvent[] = [];
    const results = await launch({
      tasks: ['a', 'b', 'c'].map((id) =>
        task(id, 3, 20, id === 'b' ? '1=fail' : ''),
      ),
      processes: 2,
      onEvent: (event) => events.push(event),
    });
    expect(results.map(({ task: { id }, state }) => [id, state])).toEqual([
      ['a', 'done'],
      ['b', 'failed'],
      ['c', 'done'],
    ]);
    expect(mostAtOnce(events)).toBe(2);
    expect(await readOutcome(jobs, 'b')).toMatchObject({
      code: 1,
      signal: null,
      restarts: 0,
      log: join(jobs, 'b.log'),
      lastError: 'error: step 1 is wrong',
    });
    expect(await readOutcome(jobs, 'a')).toMatchObject({
      code: 0,
      lastError: undefined,
    });
    expect(readFileSync(join(jobs, 'a.log'), 'utf8')).toMatch(
      /^== started \d{4}-\S+Z on \S+\nfrom step 0\ndone\n$/,
    );
  });

  it('are given their arguments as they are', async () => {
    const args = ['', ' ', '"\'`$(touch x)$HOME', 'two\nlines', '*', '-x', 'ü'];
    const program = [
      process.execPath,
      '-e',
      'console.log(JSON.stringify(process.argv.slice(1)))',
      '--',
    ];
    await launch({ program, tasks: [{ ...task('a', 1), args }] });
    const [, line = ''] = readFileSync(join(jobs, 'a.log'), 'utf8').split('\n');
    expect(JSON.parse(line)).toEqual(args);
  });

  it('save when the launcher is asked to stop, others are not started, and all go on next time', async () => {
    const stop = new AbortController();
    const tasks = ['a', 'b'].map((id) => task(id, 40, 20));
    const onEvent = ({ kind }: LaunchEvent): void => {
      if (kind === 'start')
        void untilSteps('a', 3).then(() => {
          stop.abort();
        });
    };
    const first = await launch({ tasks, onEvent, signal: stop.signal });
    expect(first).toMatchObject([
      { state: 'stopped', outcome: { code: 75, signal: null } },
      { state: 'not-started' },
    ]);
    expect(stepsOf('a')).toBeLessThan(40);
    const second = await launch({ tasks });
    expect(second.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(stepsOf('a')).toBe(40);
    expect(readFileSync(join(jobs, 'a.log'), 'utf8')).toMatch(
      /^== started .*\nfrom step 0\nsaved\n== started .*\nfrom step [1-9]\d*\ndone\n$/,
    );
  });

  it('that do not listen yet when they are stopped count as stopped', async () => {
    const stop = new AbortController();
    const results = await launch({
      program: ['/bin/sleep'],
      tasks: [{ ...task('a', 1), args: ['60'] }],
      signal: stop.signal,
      onEvent: () =>
        setTimeout(() => {
          stop.abort();
        }, 100),
    });
    expect(results).toMatchObject([
      { state: 'stopped', outcome: { code: 75, signal: 'SIGTERM' } },
    ]);
  });

  it('stop softly after the first failure, if that is asked for', async () => {
    const tasks = [
      task('a', 400, 20),
      task('b', 3, 20, '1=fail'),
      task('c', 1),
    ];
    const results = await launch({ tasks, processes: 2, failFast: true });
    expect(results.map(({ state }) => state)).toEqual([
      'stopped',
      'failed',
      'not-started',
    ]);
  });

  it('go on when they were killed, and are given up when that brings nothing', async () => {
    const killed = await launch({ tasks: [task('a', 4, 5, '2=kill')] });
    expect(killed).toMatchObject([{ state: 'done', outcome: { restarts: 1 } }]);
    const vain = await launch({
      program: [process.execPath, '-e', 'process.exit(75)'],
      tasks: [{ ...task('b', 1), args: [] }],
      restartsWithoutProgress: 2,
    });
    expect(vain).toMatchObject([
      { state: 'failed', outcome: { code: 1, restarts: 2 } },
    ]);
    expect(vain[0]).toHaveProperty(
      'outcome.lastError',
      'error: given up after 2 restarts in which no progress file changed; what the lines above say has to be mended first',
    );
  });

  it('are left to another process that does them, which says how they end', async () => {
    const results = await launch({
      tasks: [task('a', 1), task('b', 1)],
      program: [process.execPath, '-e', 'process.exit(69)'],
      failFast: true,
    });
    expect(results.map(({ state }) => state)).toEqual(['busy', 'busy']);
    expect(await readOutcome(jobs, 'a')).toBeUndefined();
  });

  it('are restarted without end while they get on', async () => {
    const once = `
      const { appendFileSync, readFileSync } = require('node:fs');
      appendFileSync(process.argv[1], 'x');
      process.exit(readFileSync(process.argv[1]).length < 8 ? 75 : 0);`;
    const results = await launch({
      program: [process.execPath, '-e', once],
      tasks: [{ ...task('a', 1), args: [work('a')] }],
      restartsWithoutProgress: 0,
    });
    expect(results).toMatchObject([
      { state: 'done', outcome: { restarts: 7 } },
    ]);
  });

  it('do not outlive a launcher that is killed', async () => {
    const script = `
      import { launchLocally } from ${JSON.stringify(import.meta.resolve('./launch-locally.ts'))};
      const [, , options] = process.argv;
      await launchLocally(JSON.parse(options));`;
    const file = join(folder, 'launcher.ts');
    writeFileSync(file, script);
    const options = JSON.stringify({
      ...defaults(),
      tasks: [task('a', 1000, 20)],
    });
    const vite = join(
      import.meta.dirname,
      '../../../../node_modules/jiti/lib/jiti-cli.mjs',
    );
    const launcher = spawn(process.execPath, [vite, file, options], {
      stdio: 'ignore',
    });
    await untilSteps('a', 3);
    launcher.kill('SIGKILL');
    const log = join(jobs, 'a.log');
    await until(() => readFileSync(log, 'utf8').endsWith('saved\n'));
    expect(existsSync(join(jobs, 'a.exit'))).toBe(false);
  });

  it('save, too, when the log of another cannot be written', async () => {
    mkdirSync(join(jobs, 'b.log'), { recursive: true });
    const tasks = [task('a', 1000, 20), task('c', 15, 20), task('b', 1)];
    const launched = launch({ tasks, processes: 2 });
    await expect(launched).rejects.toThrow(FileWriteError);
    await expect(launched).rejects.toThrow('b.log: cannot be written: that is');
    expect(await readOutcome(jobs, 'a')).toMatchObject({ code: 75 });
    expect(readFileSync(join(jobs, 'a.log'), 'utf8')).toMatch(/\nsaved\n$/);
  });

  it('are not started where there can be no jobs folder', async () => {
    writeFileSync(jobs, '');
    await expect(launch({ tasks: [task('a', 1)] })).rejects.toThrow(
      `${jobs}: cannot be written`,
    );
    expect(stepsOf('a')).toBe(0);
  });

  it('whose program is not there say so', async () => {
    const results = await launch({
      program: [join(folder, 'nothing')],
      tasks: [task('a', 1)],
    });
    expect(results).toMatchObject([
      {
        state: 'failed',
        outcome: {
          code: 127,
          lastError: expect.stringMatching(
            /^error: .*nothing cannot be started: .*ENOENT/,
          ) as unknown,
        },
      },
    ]);
  });

  it.each([
    [[task('a', 1), task('a', 2)], 'two tasks have the ID a: "Task a" and'],
    [[{ ...task('a', 1), id: '../a' }], 'a task has the ID "../a", expected'],
    [
      [{ ...task('a', 1), args: ['x\0'] }],
      'an argument of task a is "x\\u0000"',
    ],
  ])('are refused when they cannot be started: %#', async (tasks, words) => {
    await expect(launch({ tasks })).rejects.toThrow(words);
    expect(existsSync(jobs)).toBe(false);
  });
});

let folder = '';
let jobs = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launch-'));
  jobs = join(folder, 'jobs');
  writeFileSync(join(folder, 'work.cjs'), fakeWork);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const work = (id: string): string => join(folder, `${id}.steps`);

function task(id: string, steps: number, pause = 5, event = ''): Task {
  return {
    id,
    name: `Task ${id}`,
    args: [work(id), String(steps), String(pause), event],
    progress: [work(id)],
  };
}

const defaults = (): Omit<LocalLaunch, 'tasks'> => ({
  program: [process.execPath, join(folder, 'work.cjs')],
  jobs,
  processes: 1,
});

const launch = (
  options: Pick<LocalLaunch, 'tasks'> & Partial<LocalLaunch>,
): ReturnType<typeof launchLocally> =>
  launchLocally({ ...defaults(), ...options });

function stepsOf(id: string): number {
  return existsSync(work(id))
    ? readFileSync(work(id), 'utf8').split('\n').length - 1
    : 0;
}

const untilSteps = (id: string, steps: number): Promise<void> =>
  until(() => stepsOf(id) >= steps);

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(10);
}

function mostAtOnce(events: readonly LaunchEvent[]): number {
  let running = 0;
  return Math.max(
    ...events.map(({ kind }) => (running += kind === 'start' ? 1 : -1)),
  );
}
