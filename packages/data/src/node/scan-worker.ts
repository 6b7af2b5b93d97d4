import { parentPort } from 'node:worker_threads';

import { runScanTask, type ScanTask } from './scan-task.js';

/** A thread that prepares the scans it is sent, one after the other, and answers each with what came of it. */
parentPort?.on('message', (task: ScanTask) => {
  void runScanTask(task).then(
    (failure) => {
      parentPort?.postMessage(failure);
    },
    (error: unknown) => {
      // Thrown where nobody catches it, it becomes the thread's error event.
      setImmediate(() => {
        throw error;
      });
    },
  );
});
