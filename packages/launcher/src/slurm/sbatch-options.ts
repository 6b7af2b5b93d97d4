import type { SlurmProfile } from './profile.js';

/** What the profile says, as options of `sbatch`, for tasks and report alike. */
function profileOptions(profile: SlurmProfile): readonly string[] {
  const { partition, account, qos, time, memory, cpus, gpus, constraint } =
    profile;
  const given = {
    ...{ partition, account, qos, time, constraint, mem: memory },
    'cpus-per-task': cpus,
    gres: gpus === undefined ? undefined : `gpu:${gpus}`,
  };
  return [
    ...['--parsable', '--nodes=1', '--ntasks=1'],
    ...Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}=${value}`],
    ),
    ...profile.extra,
  ];
}

export interface ArrayOptions {
  readonly profile: SlurmProfile;
  /** of the job, for people */
  readonly name: string;
  /** of the array, absolute; it has a link for each task's log */
  readonly folder: string;
  readonly tasks: number;
}

export function arrayOptions({
  profile,
  name,
  folder,
  tasks,
}: ArrayOptions): readonly string[] {
  const { maxRunning, signalSeconds } = profile;
  const bound = maxRunning === undefined ? '' : `%${maxRunning}`;
  return [
    ...profileOptions(profile),
    `--job-name=${name}`,
    `--array=${tasks === 1 ? '0' : `0-${tasks - 1}`}${bound}`,
    ...[`--chdir=${folder}`, `--output=${literal(folder)}/%a.out`],
    ...['--open-mode=append', '--requeue', `--signal=B:USR2@${signalSeconds}`],
  ];
}

export interface ReportOptions {
  readonly profile: SlurmProfile;
  readonly name: string;
  /** of the submission, absolute */
  readonly folder: string;
  /** job IDs of the arrays */
  readonly after: readonly string[];
}

export function reportOptions({
  profile,
  name,
  folder,
  after,
}: ReportOptions): readonly string[] {
  return [
    ...profileOptions(profile),
    `--job-name=${name}-report`,
    `--dependency=afterany:${after.join(':')}`,
    ...[`--chdir=${folder}`, `--output=${literal(folder)}/report.log`],
    '--open-mode=append',
  ];
}

/** A path in which sbatch finds no pattern of its own, such as `%j`, for the ID of the job. */
function literal(path: string): string {
  return path.replaceAll('%', '%%');
}
