import { createAugmenter } from '@clip-lung/augment';
import { parentPort, workerData } from 'node:worker_threads';

import type { BatchRequest } from './batch-plan.js';
import type { BatchAnswer, BatchThreadData } from './batch-thread.js';
import { trainingBatch } from './batches.js';

/** A thread that makes the batches that it is asked for, one after the other, and hands them over. */
const { table, choices } = workerData as BatchThreadData;
const augmenter = createAugmenter(choices);

/** A failure is an answer, too, which comes in its turn: thrown here, it would overtake the batches before it. */
function answerTo(request: BatchRequest): BatchAnswer {
  try {
    return { values: trainingBatch(table, request, augmenter) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: BatchRequest) => {
  const answer = answerTo(request);
  const arrays: readonly Float32Array<ArrayBuffer>[] =
    'values' in answer ? Object.values(answer.values) : [];
  parentPort?.postMessage(
    answer,
    arrays.map(({ buffer }) => buffer),
  );
});
