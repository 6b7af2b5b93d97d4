import { Worker } from 'node:worker_threads';

import type { BatchRequest } from './batch-plan.js';
import { batchesHere, type MakeBatchSource, sourceOf } from './batch-source.js';
import { type BatchRecipe, type BatchValues, drawRecipe } from './batches.js';
import { TrainingError } from './errors.js';

/** What the thread answers each recipe with. */
export type BatchAnswer =
  | { readonly values: BatchValues }
  | { readonly failure: string };

/** How many batches are made ahead of the one that is used. */
const ahead = 2;

/**
 * Makes batches in a thread, ahead of the steps that use them. The crops are shared with it, and batches handed over: nothing
 * large is copied. What is done to a nodule is drawn here, and told as data, so the thread needs no augmentation, a plugin's
 * least of all; images that are changed as no view tells are made on this thread.
 *
 * @param module the thread's, compiled
 */
export const batchThread =
  (module: URL): MakeBatchSource =>
  (table, augmenter) => {
    if (augmenter.changesImages) return batchesHere(table, augmenter);
    // Node's own options of this process (such as --input-type) may not fit a module in a file.
    const worker = new Worker(module, { workerData: table, execArgv: [] });
    /** Who waits, in the order of the requests, which is that of the answers. */
    const waiting: {
      readonly resolve: (values: BatchValues) => void;
      readonly reject: (failure: TrainingError) => void;
    }[] = [];
    let failure: TrainingError | undefined;
    const fail = (problem: string, cause?: unknown): void => {
      failure ??= failureOf(problem, cause);
      for (const { reject } of waiting.splice(0)) reject(failure);
    };
    worker.on('message', (answer: BatchAnswer) => {
      const first = waiting.shift();
      if ('values' in answer) first?.resolve(answer.values);
      else first?.reject(failureOf(`failed: ${answer.failure}`));
    });
    worker.on('error', (error: unknown) => {
      fail(
        `failed: ${error instanceof Error ? error.message : String(error)}`,
        error,
      );
    });
    worker.on('exit', () => {
      fail('was ended');
    });
    const ask = (request: BatchRequest): Promise<BatchValues> =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        const recipe: BatchRecipe = drawRecipe(table, request, augmenter);
        waiting.push({ resolve, reject });
        worker.postMessage(recipe);
      });
    return sourceOf(table, ask, {
      ahead,
      close: async () => {
        await worker.terminate();
      },
    });
  };

function failureOf(problem: string, cause?: unknown): TrainingError {
  return new TrainingError(`the thread that makes batches ${problem}`, {
    cause,
  });
}

/** In a thread, where the package is compiled; threads cannot run the sources, in TypeScript, which tests run. */
export const batchesAhead: MakeBatchSource = import.meta.url.endsWith('.js')
  ? batchThread(new URL('./batch-worker.js', import.meta.url))
  : batchesHere;
