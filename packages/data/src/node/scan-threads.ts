import { Worker } from 'node:worker_threads';

import { runScanTask, type ScanTask } from './scan-task.js';

/** What prepares scans: this thread, or others. */
export interface ScanRunner {
  /** as `runScanTask`; as many at once as there are threads */
  readonly run: (task: ScanTask) => Promise<string | null>;
  readonly close: () => Promise<void>;
}

/** Prepares scans in so many threads; a single one is this thread, which then starts no other. */
export function scanRunner(threads: number, signal?: AbortSignal): ScanRunner {
  const module = new URL('./scan-worker.js', import.meta.url);
  // Threads cannot run the sources, in TypeScript, which tests run.
  const compiled = import.meta.url.endsWith('.js');
  if (threads === 1 || !compiled) {
    return {
      run: (task) => runScanTask(task, signal),
      close: () => Promise.resolve(),
    };
  }
  const all: Worker[] = [];
  const idle: Worker[] = [];
  return {
    run: async (task) => {
      let worker = idle.pop();
      if (worker === undefined) {
        // Node's own options of this process (such as --input-type) may not fit a module in a file.
        worker = new Worker(module, { execArgv: [] });
        all.push(worker);
      }
      const answer = await ask(worker, task);
      idle.push(worker);
      return answer;
    },
    close: async () => {
      await Promise.all(all.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, task: ScanTask): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
    };
    const onMessage = (answer: string | null): void => {
      settle();
      resolve(answer);
    };
    const onError = (error: unknown): void => {
      settle();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onExit = (): void => {
      settle();
      reject(new Error('a thread that prepared a scan was ended'));
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(task);
  });
}
