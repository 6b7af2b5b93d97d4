import type { Augmenter } from '@clip-lung/augment';

import type { BatchRequest } from './batch-plan.js';
import {
  type BatchValues,
  type HostBatch,
  shapedBatch,
  trainingBatch,
} from './batches.js';
import type { NoduleTable } from './nodule-table.js';

/** Makes training batches. */
export interface BatchSource {
  /**
   * The batches asked for, in order. A source with a thread makes two ahead of the one that is used.
   *
   * @throws `TrainingError` when the thread fails
   */
  batches(requests: Iterable<BatchRequest>): AsyncGenerator<HostBatch, void>;
  /** Ends what it started; batches that are under way are lost. */
  close(): Promise<void>;
}

/** What makes a source of a run's nodules. */
export type MakeBatchSource = (
  table: NoduleTable,
  augmenter: Augmenter,
) => BatchSource;

/** Makes each batch when it is asked for, on this thread. */
export const batchesHere: MakeBatchSource = (table, augmenter) =>
  sourceOf(
    table,
    (request) => Promise.resolve(trainingBatch(table, request, augmenter)),
    { ahead: 0, close: () => Promise.resolve() },
  );

/**
 * A source of batches that `make` makes.
 *
 * @param ahead how many are begun before they are asked for
 */
export function sourceOf(
  table: NoduleTable,
  make: (request: BatchRequest) => Promise<BatchValues>,
  {
    ahead,
    close,
  }: { readonly ahead: number; readonly close: () => Promise<void> },
): BatchSource {
  return {
    async *batches(requests) {
      const begun: Promise<BatchValues>[] = [];
      try {
        for (const request of requests) {
          const made = make(request);
          // It may fail before it is waited for; then it is told when it is.
          made.catch(() => undefined);
          begun.push(made);
          const [next] = begun;
          if (begun.length <= ahead || next === undefined) continue;
          const batch = shapedBatch(table, await next);
          void begun.shift();
          yield batch;
        }
        for (
          let next = begun.shift();
          next !== undefined;
          next = begun.shift()
        ) {
          yield shapedBatch(table, await next);
        }
      } finally {
        // Nothing of these requests is under way when others come.
        await Promise.allSettled(begun);
      }
    },
    close,
  };
}
