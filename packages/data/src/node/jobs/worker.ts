import { parentPort } from 'node:worker_threads';

import { runTask, type WorkerTask } from './workers.js';

/** A thread that does the tasks it is sent, one after the other, and answers each with what came of it. */
parentPort?.on('message', (task: WorkerTask) => {
  void answer(task).catch((error: unknown) => {
    // Thrown where nobody catches it, it becomes the thread's error event.
    setImmediate(() => {
      throw error;
    });
  });
});

async function answer(task: WorkerTask): Promise<void> {
  parentPort?.postMessage(await runTask(task));
}
