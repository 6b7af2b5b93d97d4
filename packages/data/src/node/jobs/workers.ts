import { Worker } from 'node:worker_threads';

import { at } from '@clip-lung/tensor';

import { InputError } from '../../errors.js';
import type { RadiographReadings } from '../../lidc-xml/readings.js';
import { unpackFiles } from '../series/file-list.js';
import {
  type HeaderTask,
  keepHeaders,
  type KeptHeaders,
} from '../scratch/partial-headers.js';
import {
  type AnnotationTask,
  keepReadings,
  type KeptReadings,
} from '../scratch/partial-readings.js';
import type { AnnotationBatch } from '../sources/lidc/read-annotations.js';
import { runScanTask, type ScanOutcome, type ScanTask } from './scan-task.js';

/** What a thread can be asked for. */
export type WorkerTask =
  | ({ readonly kind: 'annotations' } & AnnotationTask)
  | ({ readonly kind: 'headers' } & HeaderTask)
  | ({ readonly kind: 'scan' } & ScanTask);

type Annotations = AnnotationBatch<KeptReadings | RadiographReadings>;

/** What does the work of preparing: this thread, or others. */
export interface Workers {
  /** how much is done at once */
  readonly threads: number;
  readonly annotations: (task: AnnotationTask) => Promise<Annotations>;
  readonly headers: (task: HeaderTask) => Promise<KeptHeaders>;
  readonly scan: (task: ScanTask) => Promise<ScanOutcome>;
  readonly close: () => Promise<void>;
}

/** The work of one task. */
export function runTask(
  task: WorkerTask,
  signal?: AbortSignal,
): Annotations | KeptHeaders | Promise<ScanOutcome> {
  switch (task.kind) {
    case 'annotations':
      return keepReadings(task);
    case 'headers':
      return keepHeaders(task);
    case 'scan':
      return runScanTask(task, signal);
  }
}

/** Works in so many threads beside this one, or with 0 in this one. */
export function startWorkers(threads: number, signal?: AbortSignal): Workers {
  // Threads cannot run the sources, in TypeScript, which tests run.
  const compiled = import.meta.url.endsWith('.js');
  if (threads === 0 || !compiled) return inThisThread(signal);
  const pool = new Pool(threads);
  return {
    threads,
    // A thread answers a task with what runTask gives for its kind.
    annotations: (task) =>
      pool
        .run({ kind: 'annotations', ...task })
        .catch(refuseMemory(task)) as Promise<Annotations>,
    headers: (task) =>
      pool
        .run({ kind: 'headers', ...task })
        .catch(refuseMemory(task)) as Promise<KeptHeaders>,
    scan: (task) =>
      pool
        .run({ kind: 'scan', ...task })
        .catch(failedScan) as Promise<ScanOutcome>,
    close: () => pool.close(),
  };
}

/** A scan that takes more memory than a thread has fails; a new thread goes on with the others. */
function failedScan(error: unknown): ScanOutcome {
  if (!isOutOfMemory(error)) throw error;
  return { failure: `it ${tookTooMuch}` };
}

/** What cannot be read in that much memory is no file of LIDC-IDRI. */
function refuseMemory({ files }: AnnotationTask | HeaderTask) {
  return (error: unknown): never => {
    if (!isOutOfMemory(error)) throw error;
    const names = unpackFiles(files).map(({ name }) => name);
    throw new InputError(
      `${at(names, 0, 'files')}: reading it, or one of the ${names.length - 1} files after it, ${tookTooMuch}; leave out what does not belong to LIDC-IDRI`,
      { cause: error },
    );
  };
}

function isOutOfMemory(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_WORKER_OUT_OF_MEMORY'
  );
}

const threadMegabytes = 1024;
const tookTooMuch = `took more memory than the ${threadMegabytes} MB that a thread may use`;

function inThisThread(signal: AbortSignal | undefined): Workers {
  /** What else is to be done, such as an interrupt, has its turn before each task. */
  const soon = <T>(work: () => T | Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          resolve(work());
        } catch (error) {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it was thrown
          reject(error);
        }
      });
    });
  return {
    threads: 1,
    annotations: (task) => soon(() => keepReadings(task)),
    headers: (task) => soon(() => keepHeaders(task)),
    scan: (task) => soon(() => runScanTask(task, signal)),
    close: () => Promise.resolve(),
  };
}

/** A task without a thread yet. */
interface Waiting {
  readonly take: (worker: Worker) => void;
  readonly giveUp: (error: Error) => void;
}

const ended = 'a thread ended in the middle of its work';

/** Threads that are started when there is work for them. */
class Pool {
  readonly #most: number;
  readonly #all: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  async run(task: WorkerTask): Promise<unknown> {
    const worker = await this.#free();
    let answer: unknown;
    try {
      answer = await ask(worker, task);
    } catch (error) {
      this.#replace(worker);
      throw error;
    }
    const next = this.#waiting.shift();
    if (next) next.take(worker);
    else this.#idle.push(worker);
    return answer;
  }

  async close(): Promise<void> {
    for (const { giveUp } of this.#waiting.splice(0)) giveUp(new Error(ended));
    await Promise.all(this.#all.map((worker) => worker.terminate()));
  }

  /** A thread ends with what its task throws. Who waits for one gets another, or would wait for ever. */
  #replace(ended: Worker): void {
    this.#all.splice(this.#all.indexOf(ended), 1);
    const next = this.#waiting.shift();
    if (next) next.take(this.#start());
  }

  #free(): Promise<Worker> {
    const idle = this.#idle.pop();
    if (idle) return Promise.resolve(idle);
    if (this.#all.length === this.#most) {
      return new Promise((take, giveUp) => {
        this.#waiting.push({ take, giveUp });
      });
    }
    return Promise.resolve(this.#start());
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      // Node's own options of this process (such as --input-type) may not fit a module in a file.
      execArgv: [],
      // With these limits the collector comes early and often. Without them it lets memory grow with the number of scans, though
      // next to nothing stays of each.
      resourceLimits: {
        maxYoungGenerationSizeMb: 6,
        maxOldGenerationSizeMb: threadMegabytes,
      },
    });
    this.#all.push(worker);
    return worker;
  }
}

function ask(worker: Worker, task: WorkerTask): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
    };
    const onMessage = (answer: unknown): void => {
      settle();
      resolve(answer);
    };
    const onError = (error: unknown): void => {
      settle();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onExit = (): void => {
      settle();
      reject(new Error(ended));
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(task);
  });
}
