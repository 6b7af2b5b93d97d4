export { JobFileError, TaskError } from './error.js';
export { type ExitRecord, taskExitCodes } from './exit-record.js';
export { exitFile, logFile } from './job-files.js';
export {
  launchLocally,
  type LaunchEvent,
  type LocalLaunch,
  type LocalResult,
} from './local/launch-locally.js';
export {
  type EndState,
  endState,
  type Outcome,
  readOutcome,
} from './outcome.js';
export { slurmClusterName } from './slurm/cluster-name.js';
export { SlurmError, SlurmProfileError } from './slurm/error.js';
export { readSlurmProfile, type SlurmProfile } from './slurm/profile.js';
export { type QueuedTasks, queuedTasks } from './slurm/queued-tasks.js';
export type { SlurmJob, Submission } from './slurm/submission.js';
export {
  type SlurmLaunch,
  type SlurmSubmission,
  submitToSlurm,
} from './slurm/submit.js';
export type { Task } from './task.js';
