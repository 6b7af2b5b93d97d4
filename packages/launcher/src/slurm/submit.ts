import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

import { shellWord } from '@clip-lung/tensor';

import { TaskError } from '../error.js';
import { defaultRestartsWithoutProgress } from '../restart-rule.js';
import { checkProgram, checkTasks, type Task } from '../task.js';
import { askArraySize } from './array-size.js';
import { batchScript, reportScript } from './batch-script.js';
import { SlurmError } from './error.js';
import type { SlurmProfile } from './profile.js';
import { expectSbatch, sbatch } from './sbatch.js';
import { arrayOptions, reportOptions } from './sbatch-options.js';
import {
  nextNumber,
  type SlurmJob,
  type Submission,
  submissionFile,
  submissionFolder,
  writeSubmission,
} from './submission.js';
import {
  arrayName,
  makeSubmissionFolder,
  type SubmissionScripts,
  writeSubmissionFiles,
} from './submission-files.js';

export interface SlurmLaunch {
  /** those that are missing, and no others */
  readonly tasks: readonly Task[];
  /** the program's path or name, and what follows it in every task; run in this process's working folder */
  readonly program: readonly string[];
  /** the jobs folder, which is made */
  readonly jobs: string;
  readonly profile: SlurmProfile;
  /** arguments of the same program, run once all tasks have ended, however they did */
  readonly report?: readonly string[] | undefined;
  /** whether nothing is written and nothing submitted. Default false */
  readonly dryRun?: boolean;
  /** restarts one after another in which no progress file changed, after which a task is given up. Default 3 */
  readonly restartsWithoutProgress?: number;
  /** seconds in which sbatch answers. Default 120 */
  readonly seconds?: number;
  /** is told of what could not be asked for */
  readonly onNote?: (message: string) => void;
}

/** What was submitted, or would be. */
export interface SlurmSubmission extends SubmissionScripts {
  /** `jobs/slurm-3`, absolute */
  readonly folder: string;
  /** the command lines of sbatch, as a shell takes them; in a dry run, the IDs of jobs are names in angle brackets */
  readonly commands: readonly string[];
  /** the content of `submission.json`; undefined after a dry run */
  readonly submission: Submission | undefined;
}

/**
 * Submits tasks to Slurm, and returns: a job array, or several where the cluster's limit asks for it, and a report that follows.
 * Nothing has to go on running here. What Slurm has taken is on record in `slurm-<k>/submission.json` of the jobs folder.
 *
 * @throws {@link SlurmError} where sbatch is missing, refuses, or is silent; {@link TaskError} for tasks that cannot be started,
 *   and for none; `FileWriteError`
 */
export async function submitToSlurm(
  launch: SlurmLaunch,
): Promise<SlurmSubmission> {
  const { tasks, profile, report, dryRun = false } = launch;
  checkTasks(tasks);
  if (tasks.length === 0) throw new TaskError('there is no task to submit');
  checkProgram(profile.program ?? launch.program);
  const jobs = resolve(launch.jobs);
  expectUsable(jobs);
  if (!dryRun) await expectSbatch();
  const size = await askArraySize();
  if (size.note !== undefined) launch.onNote?.(size.note);
  const folder = dryRun
    ? submissionFolder(jobs, await nextNumber(jobs))
    : await makeSubmissionFolder(jobs);
  const name = basename(dirname(jobs));
  const arrays = parts(tasks, size.most).map((part, index) => ({
    tasks: part,
    args: [
      ...arrayOptions({
        ...{ profile, name, tasks: part.length },
        folder: join(folder, arrayName(index)),
      }),
      ...[join(folder, 'task.sh'), arrayName(index)],
    ],
  }));
  const reportArgs = (after: readonly string[]): string[] => [
    ...reportOptions({ profile, name, folder, after }),
    join(folder, 'report.sh'),
  ];
  const scripts = scriptsOf(launch, jobs, folder);
  const plan: Plan = {
    ...{ arrays, folder, reportArgs },
    hasReport: report !== undefined,
    seconds: launch.seconds ?? 120,
  };
  if (dryRun) {
    const commands = arrays.map(({ args }) => shown(args));
    if (plan.hasReport) {
      const named = arrays.map((_, index) => `<${arrayName(index)}>`);
      commands.push(shown(reportArgs(named)));
    }
    return { folder, ...scripts, commands, submission: undefined };
  }
  await writeSubmissionFiles(
    ...[jobs, folder],
    arrays.map((array) => array.tasks),
    scripts,
  );
  return { folder, ...scripts, ...(await submitAll(plan)) };
}

/** In a path with a backslash, Slurm replaces no pattern, so that all tasks would have one log. */
function expectUsable(jobs: string): void {
  if (!/[\\\p{Cc}]/u.test(jobs)) return;
  throw new TaskError(
    `the jobs folder is ${JSON.stringify(jobs)}; Slurm cannot write logs where a name has a backslash or a line break, choose another folder`,
  );
}

interface Plan {
  readonly folder: string;
  readonly arrays: readonly {
    readonly tasks: readonly Task[];
    /** of sbatch */
    readonly args: readonly string[];
  }[];
  readonly hasReport: boolean;
  readonly reportArgs: (after: readonly string[]) => readonly string[];
  readonly seconds: number;
}

/** One after the other, each on record before the next. */
async function submitAll({
  folder,
  arrays,
  hasReport,
  reportArgs,
  seconds,
}: Plan): Promise<Pick<SlurmSubmission, 'commands' | 'submission'>> {
  let submission: Submission = {
    formatVersion: 1,
    at: new Date().toISOString(),
    host: hostname(),
    folder: process.cwd(),
    arrays: arrays.map(({ tasks }) => ({
      job: null,
      tasks: tasks.map(({ id }) => id),
    })),
    report: null,
  };
  await writeSubmission(folder, submission);
  const record = submissionFile(folder);
  const commands: string[] = [];
  const submitted: string[] = [];
  const submit = async (
    what: string,
    args: readonly string[],
  ): Promise<SlurmJob> => {
    commands.push(shown(args));
    const job = await sbatch(args, { what, submitted, record, seconds });
    submitted.push(job.id);
    return job;
  };
  try {
    for (const [index, { tasks, args }] of arrays.entries()) {
      const count = `${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}`;
      const job = await submit(`${arrayName(index)} (${count})`, args);
      submission = {
        ...submission,
        arrays: submission.arrays.with(index, {
          job,
          tasks: tasks.map(({ id }) => id),
        }),
      };
      await writeSubmission(folder, submission);
    }
    if (hasReport) {
      const report = await submit('the report', reportArgs(submitted));
      submission = { ...submission, report };
      await writeSubmission(folder, submission);
    }
  } catch (error) {
    const isEmpty =
      error instanceof SlurmError &&
      error.reason !== 'silent' &&
      submitted.length === 0;
    if (isEmpty) await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return { commands, submission };
}

function scriptsOf(
  {
    program,
    profile,
    report,
    restartsWithoutProgress = defaultRestartsWithoutProgress,
  }: SlurmLaunch,
  jobs: string,
  submission: string,
): SubmissionScripts {
  const job = { jobs, submission, folder: process.cwd(), program, profile };
  return {
    script: batchScript({ ...job, restartsWithoutProgress }),
    reportScript: report === undefined ? undefined : reportScript(job, report),
  };
}

function shown(args: readonly string[]): string {
  return ['sbatch', ...args].map(shellWord).join(' ');
}

function parts<T>(all: readonly T[], most: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, index) =>
    all.slice(index * most, (index + 1) * most),
  );
}
