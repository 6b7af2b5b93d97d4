import { startWorkers } from '../../jobs/workers.js';
import type { Job } from './job.js';
import { filesOf, type Input, readInput } from './read-input.js';

/** Reads what there is to prepare, and works on it with threads, which are ended whatever happens. */
export async function withInput<T>(
  begun: Omit<Job, 'workers'>,
  work: (input: Input, job: Job) => Promise<T>,
): Promise<T> {
  const { options, checked } = begun;
  const { signal } = options;
  const files = await filesOf(options);
  const threads = threadsFor(files.count, checked.workers);
  const workers = startWorkers(threads, signal);
  const stop = (): void => void workers.close();
  signal?.addEventListener('abort', stop);
  try {
    const job = { ...begun, workers };
    return await work(await readInput(files, job), job);
  } finally {
    signal?.removeEventListener('abort', stop);
    await workers.close();
  }
}

/** With fewer files, a thread takes longer to start than it saves. */
const filesForThread = 32;
/** With fewer, this thread alone does not fill its memory: the collector of another can be told to come often. */
const filesForOneThread = 10_000;

/** How many threads to start beside this one. */
function threadsFor(files: number, workers: number): number {
  const threads = Math.min(workers, Math.ceil(files / filesForThread));
  return threads > 1 || files >= filesForOneThread ? threads : 0;
}
