import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { fakeSlurm, type FakeSlurm } from '../../test/fake-slurm.js';
import type { Task } from '../task.js';
import type { SlurmProfile } from './profile.js';
import { queuedTasks } from './queued-tasks.js';
import { type SlurmLaunch, submitToSlurm } from './submit.js';

describe.skipIf(process.platform === 'win32')('a submission to Slurm', () => {
  it('is one array of the tasks, and a report that follows, both on record', async () => {
    const { folder: submission, submission: record } = await submit({
      tasks: tasks(3),
      report: ['report', '--all'],
      profile: {
        ...profile,
        ...{ partition: 'gpu', account: 'lab', qos: 'low', time: '8:00:00' },
        ...{ memory: '16G', cpus: 4, gpus: 'a100:1', constraint: 'ib|opa' },
        ...{ maxRunning: 2, extra: ['--exclude=n7'], signalSeconds: 90 },
      },
    });
    expect(submission).toBe(join(jobs, 'slurm-1'));
    const resources = [
      ...['--parsable', '--nodes=1', '--ntasks=1', '--partition=gpu'],
      ...[
        '--account=lab',
        '--qos=low',
        '--time=8:00:00',
        '--constraint=ib|opa',
      ],
      ...[
        '--mem=16G',
        '--cpus-per-task=4',
        '--gres=gpu:a100:1',
        '--exclude=n7',
      ],
    ];
    expect(slurm.calls('sbatch').slice(1)).toEqual([
      [
        ...resources,
        ...['--job-name=grid one', '--array=0-2%2'],
        ...[
          `--chdir=${submission}/array-0`,
          `--output=${submission}/array-0/%a.out`,
        ],
        ...['--open-mode=append', '--requeue', '--signal=B:USR2@90'],
        ...[`${submission}/task.sh`, 'array-0'],
      ],
      [
        ...resources,
        ...['--job-name=grid one-report', '--dependency=afterany:1002'],
        ...[`--chdir=${submission}`, `--output=${submission}/report.log`],
        ...['--open-mode=append', `${submission}/report.sh`],
      ],
    ]);
    expect(record).toMatchObject({
      arrays: [
        { job: { id: '1002', cluster: null }, tasks: ['t0', 't1', 't2'] },
      ],
      report: { id: '1003', cluster: null },
      folder: process.cwd(),
    });
    expect(readRecord(1)).toEqual(record);
  });

  it('has what its jobs read before they can start', async () => {
    const words = ['', "it's", '$(touch x)', 'two\nlines', '--', 'ü "q"'];
    slurm.make(
      'sbatch',
      `[ "$1" = --version ] || ls ${quoted(jobs)}/slurm-1 ${quoted(jobs)}/slurm-1/array-0 >${quoted(join(folder, 'seen'))}; echo 7`,
    );
    await submit({ tasks: [{ ...task(0), args: words }] });
    expect(readFileSync(join(folder, 'seen'), 'utf8').split('\n')).toEqual(
      expect.arrayContaining([
        '0.out',
        '0.progress',
        '0.task',
        'submission.json',
        'task.sh',
      ]),
    );
    const array = join(jobs, 'slurm-1', 'array-0');
    const read = (name: string): string[] =>
      readFileSync(join(array, name), 'utf8').split('\0').slice(0, -1);
    expect(read('0.task')).toEqual(['t0', ...words]);
    expect(read('0.progress')).toEqual([join(process.cwd(), 'runs/0/log')]);
    expect(readlinkSync(join(array, '0.out'))).toBe('../../t0.log');
  });

  it("is split at the cluster's limit", async () => {
    config('MaxArraySize            = 4');
    const { submission } = await submit({ tasks: tasks(10), report: [] });
    const calls = slurm.calls('sbatch').slice(1);
    expect(
      calls.map((args) => args.filter((word) => /^--(array|dep)/.test(word))),
    ).toEqual([
      ['--array=0-3'],
      ['--array=0-3'],
      ['--array=0-1'],
      ['--dependency=afterany:1002:1003:1004'],
    ]);
    expect(submission?.arrays.map((array) => array.tasks)).toEqual([
      ['t0', 't1', 't2', 't3'],
      ['t4', 't5', 't6', 't7'],
      ['t8', 't9'],
    ]);
  });

  it.each([
    ['exit 1', 'scontrol: it ended with 1'],
    [
      'echo "slurm_load_ctl_conf error" >&2; exit 1',
      'scontrol: slurm_load_ctl',
    ],
    ['echo nothing', 'scontrol does not tell it'],
  ])(
    'says so when the limit cannot be asked for: %s',
    async (script, words) => {
      slurm.make('scontrol', script);
      const notes: string[] = [];
      await submit({ tasks: tasks(2), onNote: (note) => notes.push(note) });
      expect(notes).toHaveLength(1);
      expect(notes[0]).toContain(`could not be asked for (${words}`);
      expect(notes[0]).toContain("split at Slurm's default, 1001");
    },
  );

  it('keeps on record what was taken before the controller vanished', async () => {
    config('MaxArraySize = 2');
    sbatch(
      '[ $call -lt 4 ] || { echo "sbatch: error: Unable to contact slurm controller" >&2; exit 1; }',
    );
    await expect(submit({ tasks: tasks(6), report: [] })).rejects.toMatchObject(
      {
        code: 'slurm',
        reason: 'refused',
        submitted: ['1002', '1003'],
        message: `sbatch refused array-2 (2 tasks): sbatch: error: Unable to contact slurm controller; submitted before, and on record in ${jobs}/slurm-1/submission.json: 1002, 1003; what these have need not be submitted again`,
      },
    );
    expect(readRecord(1)).toMatchObject({
      arrays: [{ job: { id: '1002' } }, { job: { id: '1003' } }, { job: null }],
      report: null,
    });
    slurm.make(
      'squeue',
      'printf "1003 1 RUNNING\\n1002 0 PENDING\\n9 0 PENDING\\n"',
    );
    expect(await queuedTasks(jobs)).toEqual({
      tasks: new Map([
        ['t3', 'running'],
        ['t0', 'pending'],
      ]),
    });
    expect(slurm.calls('squeue')).toHaveLength(1);
    expect(slurm.calls('squeue')[0]).toContain('--jobs=1002,1003');
  });

  it('leaves nothing behind when all of it is refused', async () => {
    sbatch(
      'echo "sbatch: error: invalid partition specified: gpu" >&2; exit 1',
    );
    await expect(submit({})).rejects.toThrow(
      'sbatch refused array-0 (1 task): sbatch: error: invalid partition specified: gpu; nothing was submitted',
    );
    expect(readdirSync(jobs)).toEqual([]);
  });

  it.each([
    ['echo "Submitted, somehow"', 'did not tell the ID of the job for array-0'],
    [
      'sleep 60',
      'did not answer for array-0 (1 task); Slurm may have taken it',
    ],
  ])('is not believed without an ID: %s', async (script, words) => {
    sbatch(script, '');
    await expect(submit({ seconds: 1 })).rejects.toThrow(words);
  });

  it('says what to do where there is no sbatch, and writes nothing', async () => {
    vi.stubEnv('PATH', join(folder, 'nothing'));
    await expect(submit({})).rejects.toMatchObject({
      reason: 'missing',
      message:
        'sbatch was not found; submit from a machine of the cluster that has Slurm, a login node mostly, or start the tasks locally',
    });
    expect(existsSync(jobs)).toBe(false);
  });

  it('is only told of in a dry run, also where there is no Slurm', async () => {
    vi.stubEnv('PATH', join(folder, 'nothing'));
    const plan = await submit({
      dryRun: true,
      tasks: tasks(1500),
      report: ['x'],
    });
    expect(existsSync(jobs)).toBe(false);
    expect(plan.submission).toBeUndefined();
    expect(
      plan.commands.map(
        (line) => /--(array|dep)\S*|'--dep.*?'/.exec(line)?.[0],
      ),
    ).toEqual([
      '--array=0-1000',
      '--array=0-498',
      "'--dependency=afterany:<array-0>:<array-1>'",
    ]);
    expect(plan.commands[0]).toMatch(
      /^sbatch --parsable .* '--job-name=grid one' /,
    );
    expect(plan.script).toMatch(/^#!\/bin\/bash\n/);
    expect(plan.reportScript).toMatch(/\nexec .* x\n$/);
  });

  it('keeps Slurm from finding patterns in its path', async () => {
    const plan = await submit({ dryRun: true, jobs: join(folder, '%j/jobs') });
    expect(plan.commands[0]).toContain(`--output=${folder}/%%j/jobs/slurm-1/`);
    const broken = submit({ jobs: join(folder, String.raw`a\b`) });
    await expect(broken).rejects.toThrow('has a backslash or a line break');
  });

  it('gets a folder of its own', async () => {
    mkdirSync(join(jobs, 'slurm-9'), { recursive: true });
    const folders = await Promise.all([submit({}), submit({})]);
    expect(folders.map((one) => one.folder).sort()).toEqual([
      join(jobs, 'slurm-10'),
      join(jobs, 'slurm-11'),
    ]);
  });

  it.each([
    [[], 'there is no task to submit'],
    [[task(1), task(1)], 'two tasks have the ID t1'],
  ])('is refused before anything is asked: %#', async (all, words) => {
    await expect(submit({ tasks: all })).rejects.toThrow(words);
    expect(slurm.calls('scontrol')).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('what the queue has', () => {
  it('is nothing where nothing was submitted, without asking', async () => {
    expect(await queuedTasks(jobs)).toEqual({ tasks: new Map() });
    expect(slurm.calls('squeue')).toEqual([]);
  });

  it('is asked for in all submissions at once, on their clusters', async () => {
    sbatch('', 'echo "$((1000 + call));blue"');
    await submit({ tasks: tasks(2) });
    await submit({ tasks: [task(5)] });
    slurm.make(
      'squeue',
      'printf "CLUSTER: blue\\n1002 1 COMPLETING\\n1004 0 REQUEUE_HOLD\\n"',
    );
    expect(await queuedTasks(jobs)).toEqual({
      tasks: new Map([
        ['t1', 'running'],
        ['t5', 'pending'],
      ]),
    });
    expect(slurm.calls('squeue')).toEqual([
      [
        '--noheader',
        '--array',
        '--format=%F %K %T',
        '--jobs=1002,1004',
        '--clusters=blue',
      ],
    ]);
  });

  it('is nothing when Slurm has forgotten the job', async () => {
    await submit({});
    slurm.make(
      'squeue',
      'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1',
    );
    expect(await queuedTasks(jobs)).toEqual({ tasks: new Map() });
  });

  it.each([
    ['exec sleep 60', 'squeue did not answer within 1 s'],
    ['sleep 60', 'squeue did not answer within 1 s'],
    ['echo "Unable to contact" >&2; exit 1', 'squeue: Unable to contact'],
  ])('is not known when squeue does not answer: %s', async (script, reason) => {
    await submit({});
    slurm.make('squeue', script);
    expect(await queuedTasks(jobs, { seconds: 1 })).toEqual({
      ...{ tasks: undefined, reason },
    });
  });

  it('is not known where there is no squeue', async () => {
    await submit({});
    vi.stubEnv('PATH', join(folder, 'nothing'));
    expect(await queuedTasks(jobs)).toEqual({
      ...{ tasks: undefined, reason: 'squeue was not found' },
    });
  });

  it.each(['{', '{"formatVersion": 2}'])(
    'is not guessed from a damaged record: %s',
    async (text) => {
      await submit({});
      writeFileSync(join(jobs, 'slurm-1', 'submission.json'), text);
      await expect(queuedTasks(jobs)).rejects.toThrow(
        /submission\.json: does not say what was submitted/,
      );
    },
  );
});

const profile: SlurmProfile = {
  ...{ modules: [], container: [], environment: [], extra: [] },
  signalSeconds: 120,
};

let folder = '';
let jobs = '';
let slurm: FakeSlurm;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'submit-')));
  jobs = join(folder, 'grid one', 'jobs');
  slurm = fakeSlurm(folder);
  vi.stubEnv('PATH', slurm.path);
  sbatch('');
  config('MaxArraySize            = 1001');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** @param then what it does before it answers, with the number of its call, at the first of which it tells its version */
function sbatch(then: string, answer = 'echo $((1000 + call))'): void {
  slurm.make(
    'sbatch',
    `if [ "$1" = --version ]; then echo slurm; exit; fi\n${then}\n${answer}`,
  );
}

function config(line: string): void {
  slurm.make('scontrol', `printf 'A = 1\\n${line}\\nMaxJobCount = 9\\n'`);
}

const quoted = (path: string): string => `'${path}'`;

function task(index: number): Task {
  return {
    ...{ id: `t${index}`, name: `Task ${index}`, args: ['train'] },
    progress: [`runs/${index}/log`],
  };
}

const tasks = (count: number): Task[] =>
  Array.from({ length: count }, (_, index) => task(index));

const submit = (
  options: Partial<SlurmLaunch>,
): ReturnType<typeof submitToSlurm> =>
  submitToSlurm({
    ...{ tasks: [task(0)], program: ['clip-lung'], jobs, profile },
    ...options,
  });

function readRecord(number: number): unknown {
  const file = join(jobs, `slurm-${number}`, 'submission.json');
  return JSON.parse(readFileSync(file, 'utf8'));
}
