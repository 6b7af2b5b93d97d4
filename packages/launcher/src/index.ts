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
export type { Task } from './task.js';
