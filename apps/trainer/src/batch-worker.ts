import { parentPort, workerData } from 'node:worker_threads';

import type { BatchAnswer } from './batch-thread.js';
import { type BatchRecipe, makeBatch } from './batches.js';
import type { NoduleTable } from './nodule-table.js';

/** A thread that makes the batches that it is asked for, one after the other, and hands them over. */
const table = workerData as NoduleTable;

/** A failure is an answer, too, which comes in its turn: thrown here, it would overtake the batches before it. */
function answerTo(recipe: BatchRecipe): BatchAnswer {
  try {
    return { values: makeBatch(table, recipe) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (recipe: BatchRecipe) => {
  const answer = answerTo(recipe);
  const arrays =
    'values' in answer
      ? [answer.values.images, ...Object.values(answer.values.fields)]
      : [];
  parentPort?.postMessage(
    answer,
    arrays.map(({ buffer }) => buffer),
  );
});
