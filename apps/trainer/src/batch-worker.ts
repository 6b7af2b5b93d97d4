import { createAugmenter } from '@clip-lung/augment';
import { parentPort, workerData } from 'node:worker_threads';

import type { BatchRequest } from './batch-plan.js';
import type { BatchThreadData } from './batch-thread.js';
import { trainingBatch } from './batches.js';

/** A thread that makes the batches that it is asked for, one after the other, and hands them over. */
const { table, choices } = workerData as BatchThreadData;
const augmenter = createAugmenter(choices);

parentPort?.on('message', (request: BatchRequest) => {
  const batch = trainingBatch(table, request, augmenter);
  parentPort?.postMessage(
    batch,
    Object.values(batch).map(({ buffer }: Float32Array<ArrayBuffer>) => buffer),
  );
});
