import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
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

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fakeSlurm, type FakeSlurm } from '../../test/fake-slurm.js';
import { fakeWork } from '../../test/fake-work.js';
import { type Outcome, readOutcome } from '../outcome.js';
import type { Task } from '../task.js';
import { batchScript, type BatchScript, reportScript } from './batch-script.js';
import type { SlurmProfile } from './profile.js';
import { writeSubmissionFiles } from './submission-files.js';

const has = (program: string): boolean =>
  spawnSync(program, ['--version']).error === undefined;

describe.skipIf(!has('bash'))('the script of a job array', () => {
  it('runs its task, with a log and how it ended', async () => {
    expect(await run(task(2))).toBe(0);
    expect(await outcome()).toMatchObject({
      ...{ code: 0, signal: null, restarts: 0, lastError: undefined },
    });
    expect(log()).toMatch(
      /^== started \d{4}-\S+Z on \S+, job 7_0\nfrom step 0\ndone\n$/,
    );
    expect(slurm.calls('scontrol')).toEqual([]);
  });

  it('says how a task failed', async () => {
    expect(await run(task(3, '1=fail'))).toBe(1);
    expect(await outcome()).toMatchObject({
      ...{ code: 1, signal: null, lastError: 'error: step 1 is wrong' },
    });
    expect(slurm.calls('scontrol')).toEqual([]);
  });

  it('passes words on as they are', async () => {
    const args = ['', ' ', '"\'`$(touch x)$HOME\\', 'two\nlines\n', '*', '-x'];
    const print = 'console.log(JSON.stringify(process.argv.slice(1)))';
    const program = [process.execPath, '-e', print, "it's", '--', '\n$(x)'];
    await run({ ...task(1), args }, { program });
    expect(JSON.parse(log().split('\n')[1] ?? '')).toEqual([
      ...["it's", '--', '\n$(x)'],
      ...args,
    ]);
  });

  it.each(['USR2', 'TERM'] as const)(
    'passes %s on to the command alone, which saves, and requeues this very task',
    async (signal) => {
      const code = await run(task(500), {}, (pid) => {
        process.kill(pid, `SIG${signal}`);
      });
      expect([code, await outcome()]).toEqual([0, undefined]);
      expect(slurm.calls('scontrol')).toEqual([['requeue', '7_0']]);
      expect(log()).toMatch(/\nsaved\n== requeued\n$/);
      rmSync(steps());
      expect(await run(task(1))).toBe(0);
      expect(await outcome()).toMatchObject({ code: 0, restarts: 1 });
      expect(log()).toMatch(/\n== started .*, job 7_0, restart 1\n/);
    },
  );

  it('passes no signal on that was sent to the command, too', async () => {
    // What is sent twice would end this work without saving.
    const code = await run(task(500), {}, (pid) => {
      process.kill(-pid, 'SIGTERM');
    });
    expect(code).toBe(0);
    expect(log()).toContain('\nsaved\n== requeued\n');
  });

  it('takes a command that did not listen yet for a stopped one', async () => {
    const it = { ...task(1), args: ['-c', 'echo up; exec sleep 60'] };
    const isUp = (): boolean => log().endsWith('up\n');
    const stop = (pid: number): void => {
      process.kill(pid, 'SIGUSR2');
    };
    expect(await run(it, { program: ['/bin/sh'] }, stop, isUp)).toBe(0);
    expect(slurm.calls('scontrol')).toEqual([['requeue', '7_0']]);
  });

  it('does not start the command when it is asked to stop before', async () => {
    // Whoever reads it waits until somebody has written.
    spawnSync('mkfifo', [steps()]);
    const exit = join(jobs, 'a.exit');
    writeFileSync(exit, 'of an earlier start');
    const stop = (pid: number): void => {
      process.kill(pid, 'SIGTERM');
      writeFileSync(steps(), '');
    };
    expect(await run(task(1), {}, stop, () => !existsSync(exit))).toBe(0);
    expect(log()).toMatch(/^== started .*\n== requeued\n$/);
  });

  it('leaves a task to the process that does it already', async () => {
    const busy: Task = { ...task(1), args: ['-e', 'process.exit(69)'] };
    expect(await run(busy)).toBe(0);
    expect(await outcome()).toBeUndefined();
    expect(log()).toMatch(/\n== left to the process that does it\n$/);
    expect(slurm.calls('scontrol')).toEqual([]);
  });

  it('requeues a command that was killed', async () => {
    expect(await run(task(4, '2=kill'))).toBe(0);
    expect(slurm.calls('scontrol')).toEqual([['requeue', '7_0']]);
    expect(await run(task(4, '2=kill'))).toBe(0);
    expect(await outcome()).toMatchObject({ code: 0, restarts: 1 });
  });

  it('asks again when the requeue is refused', async () => {
    slurm.make(
      'scontrol',
      'if [ $call -lt 3 ]; then echo "Unable to contact slurm controller" >&2; exit 1; fi',
    );
    expect(await run(stopping())).toBe(0);
    expect(slurm.calls('scontrol')).toHaveLength(3);
    expect(await outcome()).toBeUndefined();
    expect(log()).toMatch(/refused: Unable to contact.*\n.*refused.*\n== requ/);
  });

  it('is content when somebody else was faster', async () => {
    slurm.make('scontrol', 'echo "Job is pending execution" >&2; exit 1');
    expect(await run(stopping())).toBe(0);
    expect(slurm.calls('scontrol')).toHaveLength(1);
    expect(await outcome()).toBeUndefined();
  });

  it('exits with 75 when the requeue is refused for good', async () => {
    slurm.make('scontrol', 'echo "Access denied" >&2; exit 1');
    expect(await run(stopping())).toBe(75);
    expect(slurm.calls('scontrol')).toHaveLength(3);
    expect(await outcome()).toMatchObject({
      code: 75,
      lastError:
        'error: stopped and saved, but not requeued, as scontrol refuses it: Access denied; submit the task again',
    });
  });

  it('exits with 75 where there is no scontrol', async () => {
    const path = join(folder, 'few');
    mkdirSync(path);
    for (const name of [
      'bash',
      'date',
      'grep',
      'mv',
      'rm',
      'sha256sum',
      'sleep',
      'tail',
      'wc',
    ]) {
      const found = spawnSync('which', [name], { encoding: 'utf8' });
      writeFileSync(
        join(path, name),
        `#!/bin/sh\nexec ${found.stdout.trim()} "$@"\n`,
        { mode: 0o755 },
      );
    }
    expect(await run(stopping(), {}, undefined, undefined, path)).toBe(75);
    expect(await outcome()).toMatchObject({
      code: 75,
      lastError:
        'error: stopped and saved, but not requeued: scontrol was not found on this node; submit the task again',
    });
  });

  it('does not bring back what a person has cancelled', async () => {
    const said =
      'slurmstepd-n1: error: *** JOB 8 ON n1 CANCELLED AT 2026-01-31T10:00:00';
    const code = await run(task(500), {}, (pid) => {
      appendFileSync(join(jobs, 'a.log'), `${said} ***\n`);
      process.kill(-pid, 'SIGTERM');
    });
    expect(code).toBe(75);
    expect(slurm.calls('scontrol')).toEqual([]);
    // The next start has nothing to do with it.
    await run(
      task(500),
      {},
      (pid) => {
        appendFileSync(join(jobs, 'a.log'), `${said} DUE TO PREEMPTION ***\n`);
        process.kill(-pid, 'SIGTERM');
      },
      () => log().split('\nfrom step').length > 2,
    );
    expect(slurm.calls('scontrol')).toHaveLength(1);
  });

  it('gives up after three restarts without progress, and not before', async () => {
    for (let start = 0; start < 3; start++)
      expect(await run(stopping())).toBe(0);
    expect(await outcome()).toBeUndefined();
    expect(await run(stopping())).toBe(1);
    expect(slurm.calls('scontrol')).toHaveLength(3);
    expect(await outcome()).toMatchObject({
      ...{ code: 1, restarts: 3 },
      lastError:
        'error: given up after 3 restarts in which no progress file changed; what the lines above say has to be mended first',
    });
  });

  it('does not start again what others have requeued in vain', async () => {
    // As by pre-emption: the script is killed, and says nothing.
    writeFileSync(steps(), 'step 0\n');
    for (let start = 0; start < 2; start++) {
      await run(
        { ...task(1), args: ['60'] },
        { program: ['/bin/sleep'], restartsWithoutProgress: 1 },
        (pid) => {
          process.kill(-pid, 'SIGKILL');
        },
        () =>
          log().split('== started').length > start + 1 && existsSync(counter()),
      );
    }
    expect(await run(task(1), { restartsWithoutProgress: 1 })).toBe(1);
    expect(await outcome()).toMatchObject({ code: 1, restarts: 2 });
    expect(slurm.calls('scontrol')).toEqual([]);
  });

  it('restarts without end what gets on', async () => {
    const getsOn = `require('node:fs').appendFileSync(process.argv[1], 'x'); process.exit(75)`;
    const it: Task = { ...stopping(), args: ['-e', getsOn, steps()] };
    for (let start = 0; start < 6; start++) {
      expect(await run(it, { restartsWithoutProgress: 0 })).toBe(0);
    }
    expect(slurm.calls('scontrol')).toHaveLength(6);
  });

  it('runs the command in its container, and the requeue outside', async () => {
    const inside = join(folder, 'in a box');
    writeFileSync(
      inside,
      '#!/bin/sh\necho "boxed, $MODULE, $LINE"\nPATH=/nowhere\nexec "$@"\n',
      { mode: 0o755 },
    );
    const environment = [
      'module() { MODULE="$*"; export MODULE; }',
      'set -e; LINE=${UNSET_VARIABLE}x; export LINE',
    ];
    const box: SlurmProfile = { ...profile, environment, container: [inside] };
    expect(await run(stopping(), { profile: box })).toBe(0);
    expect(log()).toContain('\nboxed, , x\n');
    expect(slurm.calls('scontrol')).toHaveLength(1);
  });

  it('says which folder or module is not there', async () => {
    const gone = join(folder, 'gone');
    expect(await run(task(1), { folder: gone })).toBe(1);
    expect((await outcome())?.lastError).toMatch(
      /^error: .*gone is not there on /,
    );
    const modules = ['no-such/1'];
    expect(await run(task(1), { profile: { ...profile, modules } })).toBe(1);
    expect((await outcome())?.lastError).toBe(
      'error: a module cannot be loaded',
    );
  });

  it.skipIf(!has('shellcheck'))('has nothing that shellcheck warns of', () => {
    const options: BatchScript = {
      ...defaults(),
      profile: { ...profile, modules: ['a/1'], container: ["it's"] },
    };
    for (const script of [
      batchScript(options),
      reportScript(options, ['a b']),
    ]) {
      const args = ['--severity=warning', '-'];
      const { stdout } = spawnSync('shellcheck', args, {
        input: script,
        encoding: 'utf8',
      });
      expect(stdout).toBe('');
    }
  });
});

describe.skipIf(!has('bash'))('the script of the report', () => {
  it('runs the program with its own arguments where the tasks ran', () => {
    const args = ['it\'s "one"', '$(two)\n'];
    const print =
      'console.log(JSON.stringify([process.cwd(), ...process.argv.slice(1)]))';
    const program = [process.execPath, '-e', print, '--'];
    const input = reportScript({ ...defaults(), program }, args);
    const { stdout } = spawnSync('bash', { input, encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual([folder, ...args]);
  });
});

const profile: SlurmProfile = {
  ...{ modules: [], container: [], environment: [], extra: [] },
  signalSeconds: 120,
};

let folder = '';
let jobs = '';
let slurm: FakeSlurm;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'batch script-'));
  jobs = join(folder, "jobs' $(folder)");
  mkdirSync(jobs);
  writeFileSync(join(folder, 'work.cjs'), fakeWork);
  slurm = fakeSlurm(folder);
  slurm.make('scontrol', 'exit 0');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const steps = (): string => join(folder, 'a steps');
const log = (): string => {
  const file = join(jobs, 'a.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};
const outcome = (): Promise<Outcome | undefined> => readOutcome(jobs, 'a');
const counter = (): string => join(jobs, 'slurm-1', 'array-0', '0.restarts');

function task(count: number, event = ''): Task {
  return {
    ...{ id: 'a', name: 'Task a', progress: [steps()] },
    args: [join(folder, 'work.cjs'), steps(), String(count), '20', event],
  };
}

/** Saves nothing, and wants to be started again. */
function stopping(): Task {
  return { ...task(1), args: ['-e', 'process.exit(75)'] };
}

const defaults = (): BatchScript => ({
  ...{ jobs, submission: join(jobs, 'slurm-1'), folder, profile },
  ...{ program: [process.execPath], restartsWithoutProgress: 3 },
  pauses: [0, 0],
});

/** Runs the script as Slurm does. @returns its exit code; null when it was killed */
async function run(
  it: Task,
  options: Partial<BatchScript> = {},
  act?: (pid: number) => void,
  isTime = () => existsSync(steps()) && readFileSync(steps()).length > 20,
  path = slurm.path,
): Promise<number | null> {
  const submission = join(jobs, 'slurm-1');
  const array = join(submission, 'array-0');
  const script = batchScript({ ...defaults(), ...options });
  if (!existsSync(submission)) {
    mkdirSync(submission);
    const scripts = { script, reportScript: undefined };
    await writeSubmissionFiles(jobs, submission, [[it]], scripts);
  } else {
    writeFileSync(join(submission, 'task.sh'), script);
    const words = [it.id, ...it.args].map((word) => `${word}\0`);
    writeFileSync(join(array, '0.task'), words.join(''));
  }
  const child = spawn('bash', [join(submission, 'task.sh'), 'array-0'], {
    ...{ cwd: array, detached: true, stdio: 'ignore' },
    env: {
      ...{ ...process.env, PATH: path },
      ...{ SLURM_ARRAY_JOB_ID: '7', SLURM_ARRAY_TASK_ID: '0' },
    },
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('exit', resolve);
  });
  if (act !== undefined) {
    while (!isTime()) await wait(10);
    if (child.pid !== undefined) act(child.pid);
  }
  return ended;
}
